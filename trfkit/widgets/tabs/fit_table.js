// The browser's half of fit_table.py. Rows that stay are changed in place, so that the focus stays where it is.

const make = (name, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};

export default {
  render({ model, el }) {
    const head = make("tr");
    const body = make("tbody");
    const table = make("table", {}, make("thead", {}, head), body);
    const frame = make("div", { className: "trfkit-fits", tabIndex: 0 }, table);
    frame.setAttribute("role", "region");
    el.append(frame);
    const lines = new Map(); // number -> the row's elements

    const mark = () => {
      const numbers = [...lines].filter(([, line]) => line.box.checked).map(([number]) => number);
      model.set("marked", numbers.sort((a, b) => a - b));
      model.save_changes();
    };

    const newLine = (number) => {
      const box = make("input", { type: "checkbox", onchange: mark });
      box.setAttribute("aria-label", `mark fit ${number} to compare`);
      const restore = make("button", { type: "button", textContent: "Restore" });
      restore.setAttribute("aria-label", `Restore fit ${number}`);
      restore.addEventListener("click", () => model.send({ kind: "restore", number }));
      const name = make("th", { scope: "row" });
      const cells = model.get("columns").map(({ kind }) => make("td", { className: kind && `trfkit-${kind}` }));
      const row = make("tr", {}, make("td", {}, box), name, make("td", {}, restore), ...cells);
      return { row, box, name, cells };
    };

    const write = (line, { number, cells, current }) => {
      line.name.replaceChildren(`${number}`, ...(current ? [make("small", { textContent: "in use" })] : []));
      if (current) line.row.setAttribute("aria-current", "true");
      else line.row.removeAttribute("aria-current");
      cells.forEach(({ text, detail, about }, i) => {
        const cell = line.cells[i];
        cell.title = about ?? "";
        cell.replaceChildren(text, ...(detail ? [make("small", { textContent: detail })] : []));
      });
    };

    const draw = () => {
      frame.setAttribute("aria-label", model.get("label"));
      const columns = model.get("columns");
      const titles = columns.map(({ title, about, kind }) =>
        make("th", { scope: "col", title: about, className: kind && `trfkit-${kind}`, textContent: title }),
      );
      const own = ["compare", "fit", "go back"].map((title) => make("th", { scope: "col", textContent: title }));
      head.replaceChildren(...own, ...titles);

      const rows = model.get("rows");
      const numbers = new Set(rows.map(({ number }) => number));
      for (const [number, line] of lines) {
        if (numbers.has(number)) continue;
        line.row.remove();
        lines.delete(number);
      }
      rows.forEach((row, i) => {
        if (!lines.has(row.number)) lines.set(row.number, newLine(row.number));
        const line = lines.get(row.number);
        write(line, row);
        if (body.children[i] !== line.row) body.insertBefore(line.row, body.children[i] ?? null);
      });
      check();
    };

    const check = () => {
      const marked = new Set(model.get("marked"));
      for (const [number, line] of lines) line.box.checked = marked.has(number);
    };

    model.on("change:columns change:rows change:label", draw);
    model.on("change:marked", check);
    draw();
    return () => {
      model.off("change:columns change:rows change:label", draw);
      model.off("change:marked", check);
    };
  },
};
