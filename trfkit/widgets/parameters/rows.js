// The browser's half of rows.py: a table with a row for each parameter, drawn from the trait `rows`.
//
// To the kernel:    {kind: "events", events: [...]}, of which one is unanswered at a time:
//                   {type: "text", name, field, typed}, {type: "slide", name, position, slider, gesture},
//                   {type: "release"}
// From the kernel:  the traits, and {kind: "answer"}: the last events have been dealt with

const STEPS = 1000; // of a slider, as in sliders/ranges.py
const LEAP = 50; // steps of an arrow key with Shift
const REST_MS = 1000; // a longer pause ends a burst of keys

const COLUMNS = [
  ["parameter", ""],
  ["value", "where the fit starts; what a tie gives, where there is one"],
  ["slider", ""],
  ["min", "lower bound; empty or inf: none"],
  ["max", "upper bound; empty or inf: none"],
  ["fix", "held at its value by the fit"],
  ["tie", "a formula in other parameters that gives the value, as 2*a.sigma; empty: none"],
  ["prior", "what was known before: mean ± standard deviation, typed as 3 ± 0.2 or 3 +/- 0.2; empty: nothing"],
  ["error", "standard error of the last fit, at the values that it found"],
  ["unit", ""],
];
const TITLES = { slider: "", error: "± error" };
const PLACEHOLDERS = { min: "−∞", max: "∞", tie: "tie…", prior: "mean ± σ" };
const OVERRULED_BY_TIE = ["value", "min", "max", "fixed"];
const SLIDER_STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, text] of Object.entries(attributes)) made.setAttribute(name, text);
  made.append(...children);
  return made;
}
function setText(there, text) {
  if (there.textContent !== text) there.textContent = text;
}

// The line to the kernel, shared by all views of a table in this page.
class Line {
  outbox = [];
  sent = []; // and not answered
  views = new Set();
  gestures = 0;

  constructor(model) {
    this.model = model;
    model.on("msg:custom", ({ kind }) => kind === "answer" && this.answered());
    model.on("change:rows change:locked", () => this.draw());
  }

  // Of the moves of a gesture in a row only the last is kept; all else is sent, in order.
  tell(event) {
    const last = this.outbox.at(-1);
    if (event.type === "slide" && last?.gesture === event.gesture) this.outbox.pop();
    this.outbox.push(event);
    this.flush();
  }

  flush() {
    if (this.sent.length || !this.outbox.length) return;
    this.sent = this.outbox.splice(0);
    this.model.send({ kind: "events", events: this.sent });
  }

  answered() {
    this.sent = [];
    this.flush();
    this.draw();
  }

  // Whether the kernel has still to hear what was done to a control, which shows more than the kernel knows.
  awaits(name, field) {
    return [...this.sent, ...this.outbox].some((event) => event.name === name && (event.field ?? "slider") === field);
  }

  newGesture() {
    this.gestures += 1;
    return `${Date.now()}-${Math.random()}-${this.gestures}`; // another page's are others
  }

  draw() {
    for (const view of this.views) view.draw();
  }
}

class Row {
  constructor(table, name) {
    Object.assign(this, { table, line: table.line, name });
    this.code = element("code");
    this.title = element("th", { scope: "row", role: "rowheader", class: "trfkit-name" }, this.code);
    this.inputs = Object.fromEntries(["value", "min", "max", "tie", "prior"].map((field) => [field, this.text(field)]));
    this.inputs.fixed = element("input", { type: "checkbox", "aria-label": `fix ${name}` });
    this.inputs.fixed.addEventListener("change", (event) => this.type("fixed", event.target.checked));
    this.slider = new Slider(this);
    this.error = element("span");
    this.bound = element("small");
    this.unit = this.cell("unit");
    this.reason = this.cell("reason");
    this.reason.id = `trfkit-reason-${Math.random().toString(36).slice(2)}`;
    const [first, ...bounds] = ["value", "min", "max"].map((field) => this.cell(field, this.inputs[field]));
    const cells = [this.title, first, this.cell("slider", this.slider.input), ...bounds];
    cells.push(this.cell("fix", this.inputs.fixed));
    cells.push(this.cell("tie", this.inputs.tie), this.cell("prior", this.inputs.prior));
    cells.push(this.cell("error", this.error, this.bound), this.unit, this.reason);
    this.element = element("tr", { role: "row" }, ...cells);
  }

  cell(column, ...children) {
    return element("td", { role: "cell", class: `trfkit-${column}` }, ...children);
  }

  text(field) {
    const about = { type: "text", "aria-label": `${field} of ${this.name}`, placeholder: PLACEHOLDERS[field] ?? "" };
    const input = element("input", { ...about, spellcheck: "false", autocomplete: "off", autocapitalize: "off" });
    input.addEventListener("change", () => this.type(field, input.value));
    input.addEventListener("keydown", ({ key }) => key === "Escape" && this.takeBack(field));
    return input;
  }

  type(field, typed) {
    this.line.tell({ type: "text", name: this.name, field, typed });
  }

  // To what was accepted; what is being typed is given up, and so is what was refused.
  takeBack(field) {
    const { refused, [field]: text } = this.row;
    const accepted = refused[field] ?? text;
    this.inputs[field].value = this.inputs[field].shown = accepted;
    if (field in refused) this.type(field, accepted);
  }

  draw(row, locked) {
    this.row = row;
    setText(this.code, row.name);
    this.code.title = row.description;
    setText(this.unit, row.unit);
    setText(this.error, row.error);
    setText(this.bound, row.bound);
    if (this.reason.said !== row.reason) this.reason.innerHTML = this.reason.said = row.reason;
    this.element.classList.toggle("trfkit-held", row.fixed || row.tied);
    for (const [field, input] of Object.entries(this.inputs)) this.drawInput(field, input, locked);
    this.slider.draw(row, locked || row.tied);
  }

  drawInput(field, input, locked) {
    const { row } = this;
    const refused = field in row.refused;
    input.classList.toggle("trfkit-refused", refused);
    input.setAttribute("aria-invalid", refused);
    if (refused) input.setAttribute("aria-describedby", this.reason.id);
    else input.removeAttribute("aria-describedby");
    const closed = locked || (row.tied && OVERRULED_BY_TIE.includes(field));
    if (field === "fixed") {
      input.disabled = closed;
      if (!this.line.awaits(this.name, field)) input.checked = row.fixed;
    } else {
      input.readOnly = closed; // and not disabled: it keeps the focus, and can be read and copied
      this.drawText(input, row[field], field);
    }
  }

  // What a person is typing at the moment stays.
  drawText(input, text, field) {
    const typing = input === input.getRootNode().activeElement && input.value !== (input.shown ?? "");
    if (!typing && !this.line.awaits(this.name, field) && input.value !== text) input.value = text;
    input.shown = text;
  }
}

// One press, or one burst of keys, is one gesture, during which the slider stays as it lies.
class Slider {
  gesture = null; // {id, slider, byKeys}
  resting = null; // the timer that ends a burst of keys

  constructor(row) {
    Object.assign(this, { row, line: row.line });
    this.input = element("input", { class: "trfkit-range", type: "range", min: 0, max: STEPS, step: 1, "aria-label": row.name });
    this.input.addEventListener("input", () => this.moved());
    this.input.addEventListener("pointerdown", ({ button }) => button === 0 && this.begin(false));
    for (const end of ["pointerup", "pointercancel", "blur"]) this.input.addEventListener(end, () => this.end());
    this.input.addEventListener("keydown", (event) => this.pressed(event));
  }

  begin(byKeys) {
    this.end();
    this.gesture = { id: this.line.newGesture(), slider: this.row.row.slider, byKeys, moved: false };
  }

  moved() {
    if (!this.gesture) this.begin(true); // Home and Page Up, too, and what assistive technology does
    const { id, slider } = this.gesture;
    this.gesture.moved = true;
    const position = this.input.valueAsNumber;
    this.line.tell({ type: "slide", name: this.row.name, position, slider, gesture: id });
    this.paint();
    if (!this.gesture.byKeys) return;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.end(), REST_MS);
  }

  end() {
    clearTimeout(this.resting);
    if (this.gesture?.moved) this.line.tell({ type: "release" });
    this.gesture = null;
  }

  pressed(event) {
    const steps = SLIDER_STEPS[event.key];
    if (!steps || !event.shiftKey) return;
    event.preventDefault();
    this.input.value = this.input.valueAsNumber + LEAP * steps;
    this.moved();
  }

  draw({ position, spoken, ends }, closed) {
    if (closed) this.end();
    this.input.disabled = closed;
    this.input.setAttribute("aria-valuetext", spoken);
    this.input.title = ends;
    if (this.gesture?.moved || this.line.awaits(this.row.name, "slider")) return;
    if (this.input.valueAsNumber !== position) this.input.value = position;
    this.paint();
  }

  // The part of the track up to the thumb, which CSS alone cannot find.
  paint() {
    this.input.style.setProperty("--at", this.input.valueAsNumber / STEPS);
  }
}

class Table {
  rows = new Map();

  constructor(line, model, el) {
    Object.assign(this, { line, model });
    this.more = element("button", { type: "button", "aria-expanded": false }, "+ prior");
    this.more.addEventListener("click", () => this.togglePrior());
    this.body = element("tbody", { role: "rowgroup" });
    const head = element("thead", { role: "rowgroup" }, this.head());
    this.table = element("table", { role: "table", "aria-label": "Parameters" }, head, this.body);
    this.root = element("div", { class: "trfkit-parameters" }, this.table);
    el.append(this.root);
    line.views.add(this);
    this.draw();
  }

  head() {
    const cells = COLUMNS.map(([column, hint]) => {
      const title = element("span", hint ? { title: hint } : {}, TITLES[column] ?? column);
      if (column === "slider") title.append(element("span", { class: "trfkit-unspoken" }, "slider"));
      const more = column === "tie" ? [this.more] : [];
      return element("th", { scope: "col", role: "columnheader", class: `trfkit-${column}` }, title, ...more);
    });
    return element("tr", { role: "row" }, ...cells);
  }

  togglePrior() {
    this.wanted = !this.wanted;
    this.drawPrior(this.model.get("rows"));
  }

  // The column of priors takes room: it is there where one is, or where it was asked for.
  drawPrior(rows) {
    const some = rows.some(({ prior }) => prior);
    this.root.classList.toggle("trfkit-with-prior", Boolean(this.wanted || some));
    this.more.hidden = some;
    this.more.setAttribute("aria-expanded", Boolean(this.wanted));
    setText(this.more, this.wanted ? "− prior" : "+ prior");
  }

  draw() {
    const [rows, locked] = [this.model.get("rows"), this.model.get("locked")];
    const names = rows.map(({ name }) => name);
    if (names.join("\n") !== [...this.rows.keys()].join("\n")) this.replaceRows(names);
    for (const row of rows) this.rows.get(row.name).draw(row, locked);
    this.drawPrior(rows);
  }

  replaceRows(names) {
    this.rows = new Map(names.map((name) => [name, this.rows.get(name) ?? new Row(this, name)]));
    this.body.replaceChildren(...[...this.rows.values()].map((row) => row.element));
  }

  remove() {
    for (const row of this.rows.values()) row.slider.end();
    this.line.views.delete(this);
  }
}

export default () => {
  let line;
  return {
    initialize({ model }) {
      line = new Line(model);
    },
    render({ model, el }) {
      const table = new Table(line, model, el);
      return () => table.remove();
    },
  };
};
