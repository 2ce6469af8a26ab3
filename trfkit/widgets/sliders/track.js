// The browser's half of track.py.

const REST_MS = 300; // a longer pause ends a burst of keys

export default {
  render({ model, el }) {
    const label = document.createElement("label");
    const name = document.createElement("span");
    const input = Object.assign(document.createElement("input"), { type: "range", min: 0, step: 1, className: "trfkit-range" });
    const said = document.createElement("output");
    label.className = "trfkit-track";
    label.append(name, input, said);
    el.append(label);

    let held = false; // by a hand or just moved by a key: what the kernel says meanwhile is of the past
    let resting = null; // the timer that ends a burst of keys
    const say = () => {
      const words = model.get("words")[input.valueAsNumber] ?? `${input.value} of ${input.max}`;
      said.textContent = words;
      input.setAttribute("aria-valuetext", words);
      input.style.setProperty("--at", input.max > 0 ? input.valueAsNumber / input.max : 0);
    };
    const draw = () => {
      name.textContent = model.get("description");
      input.setAttribute("aria-label", model.get("description"));
      input.max = model.get("last");
      input.disabled = model.get("disabled");
      if (!held && !resting) input.value = model.get("value");
      say();
    };

    input.addEventListener("pointerdown", () => (held = true));
    for (const end of ["pointerup", "pointercancel", "blur"]) {
      input.addEventListener(end, () => {
        held = false;
        draw();
      });
    }
    const letGo = () => {
      resting = null;
      draw();
    };
    input.addEventListener("input", () => {
      clearTimeout(resting);
      resting = setTimeout(letGo, REST_MS);
      model.set("value", input.valueAsNumber);
      model.save_changes();
      say();
    });
    model.on("change", draw);
    draw();
    return () => model.off("change", draw);
  },
};
