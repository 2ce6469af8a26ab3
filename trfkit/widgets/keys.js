// The browser's half of keys.py.

function keep(event) {
  const runs = event.key === "Enter" && event.shiftKey;
  if (!event.ctrlKey && !event.altKey && !event.metaKey && !runs) event.stopPropagation();
}

export default {
  render({ el }) {
    let box = null;
    // A box takes in what was rendered before; no key is pressed there until something in it has the focus.
    const find = () => {
      box = el.closest(".widget-box");
      if (!box) return;
      document.removeEventListener("focusin", find);
      box.addEventListener("keydown", keep);
    };
    document.addEventListener("focusin", find);
    return () => {
      document.removeEventListener("focusin", find);
      box?.removeEventListener("keydown", keep);
    };
  },
};
