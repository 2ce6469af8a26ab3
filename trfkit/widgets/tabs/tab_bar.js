// The browser's half of tab_bar.py.

const STEPS = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };

export default {
  render({ model, el }) {
    const bar = document.createElement("div");
    bar.className = "trfkit-tabs";
    bar.setAttribute("role", "tablist");
    el.append(bar);

    const choose = (index) => {
      model.set("selected", index);
      model.save_changes();
      bar.children[index].focus();
    };
    bar.addEventListener("keydown", (event) => {
      const step = STEPS[event.key];
      if (step === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      const count = bar.children.length;
      const to = model.get("selected") + step;
      choose(Number.isFinite(to) ? (to + count) % count : to < 0 ? 0 : count - 1);
    });

    const draw = () => {
      bar.setAttribute("aria-label", model.get("label"));
      const titles = model.get("titles");
      while (bar.children.length > titles.length) bar.lastChild.remove();
      while (bar.children.length < titles.length) {
        const tab = document.createElement("button");
        const index = bar.children.length;
        tab.type = "button";
        tab.setAttribute("role", "tab");
        tab.addEventListener("click", () => choose(index));
        bar.append(tab);
      }
      titles.forEach((title, index) => {
        const tab = bar.children[index];
        const selected = index === model.get("selected");
        if (tab.textContent !== title) tab.textContent = title;
        tab.setAttribute("aria-selected", String(selected));
        tab.tabIndex = selected ? 0 : -1;
      });
    };
    model.on("change:titles change:selected change:label", draw);
    draw();
    return () => model.off("change:titles change:selected change:label", draw);
  },
};
