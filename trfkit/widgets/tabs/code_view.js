// The browser's half of code_view.py.

const SAID_MS = 4000; // how long a word about copying stays
const MANUALLY = "The browser does not allow it: the code is selected, press Ctrl+C or ⌘C.";

// Copy a text: by the clipboard of a page that was loaded safely, else by the old way.
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // no clipboard without https, and none where permission is refused
  }
  const before = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  area.style.cssText = "position: fixed; top: 0; opacity: 0";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  before?.focus();
  return done;
}

export default {
  render({ model, el }) {
    const view = document.createElement("div");
    view.className = "trfkit-code";
    view.innerHTML =
      '<div class="trfkit-code-bar"><button type="button" class="trfkit-action">Copy</button>' +
      '<span role="status" aria-live="polite"></span></div>' +
      '<pre tabindex="0" role="region"><code></code></pre>';
    el.append(view);
    const [button, said, frame, code] = ["button", "span", "pre", "code"].map((name) => view.querySelector(name));

    let timer;
    button.addEventListener("click", async () => {
      clearTimeout(timer);
      said.textContent = "";
      if (await copied(model.get("code"))) {
        said.textContent = "Copied";
        timer = setTimeout(() => (said.textContent = ""), SAID_MS);
      } else {
        getSelection().selectAllChildren(code);
        frame.focus();
        said.textContent = MANUALLY;
      }
    });

    const draw = () => {
      code.textContent = model.get("code");
      frame.setAttribute("aria-label", model.get("label"));
      button.setAttribute("aria-label", `Copy: ${model.get("label")}`);
      said.textContent = "";
    };
    model.on("change:code change:label", draw);
    draw();
    return () => {
      clearTimeout(timer);
      model.off("change:code change:label", draw);
    };
  },
};
