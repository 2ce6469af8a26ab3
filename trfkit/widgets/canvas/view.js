// What a canvas shows: the frame and, drawn over it without asking the kernel, handles, crosshair, rubber band, read-out.

const HIT = 24; // CSS pixels: the least size of a target (WCAG 2.2, 2.5.8)
const LONG = 14; // of a handle's mark
const SHORT = 6;
const EDGE = 0.5; // a place on the edge of a panel is in it, though rounded
const MOST_DECIMALS = 6;
const HELP = "Plot. Arrow keys move a crosshair, Enter clicks, Space begins and ends a drag with the chosen tool.";

const LIGHT_INK = 0.5; // text brighter than this stands on a dark page

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

// How far a value is on the way from the low to the high limit, and the value there.
const partOf = (value, [low, high], log) =>
  log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
const valueAt = (part, [low, high], log) => (log ? low * (high / low) ** part : low + part * (high - low));

const toPlace = (region, x, y) => ({
  left: region.left + region.width * partOf(x, region.x_limits, region.x_log),
  top: region.top + region.height * (1 - partOf(y, region.y_limits, region.y_log)),
});
const toX = (region, left) => valueAt((left - region.left) / region.width, region.x_limits, region.x_log);
const toY = (region, top) => valueAt(1 - (top - region.top) / region.height, region.y_limits, region.y_log);

// [left, top, right, bottom]
const edges = ({ left, top, width, height }) => [left, top, left + width, top + height];
const isIn = (region, { left, top }) => {
  const [from, above, to, below] = edges(region);
  return from - EDGE <= left && left <= to + EDGE && above - EDGE <= top && top <= below + EDGE;
};

// A number with as many decimals as one pixel resolves, and with a power of ten where those would be many.
function digits(number, next) {
  const decimals = Math.max(0, Math.ceil(-Math.log10(Math.abs(next - number))));
  const plain = decimals <= MOST_DECIMALS && Math.abs(number) < 10 ** MOST_DECIMALS;
  const size = Math.floor(Math.log10(Math.abs(number) || 1));
  return (plain ? number.toFixed(decimals) : number.toExponential(clamp(size + decimals, 1, 6))).replaceAll("-", "−");
}
const readX = (region, left) => digits(toX(region, left), toX(region, left + 1));
const readY = (region, top) => digits(toY(region, top), toY(region, top + 1));

function svgElement(name, attributes) {
  return setAttributes(document.createElementNS("http://www.w3.org/2000/svg", name), attributes);
}
function setAttributes(element, attributes) {
  for (const [name, text] of Object.entries(attributes)) element.setAttribute(name, text);
  return element;
}

class View {
  point = null; // where the crosshair is
  echo = null; // a handle that is dragged, {id, left, top}, until the kernel has dealt with it
  band = null; // the rubber band, {region, box: [left, top, right, bottom]}
  handles = new Map(); // elements by id

  constructor(link, model, el) {
    this.link = link;
    this.model = model;
    el.innerHTML = `<div class="trfkit-canvas">
      <canvas role="img" aria-live="off"></canvas>
      <svg role="application" tabindex="0">
        <path class="trfkit-cross"/><rect class="trfkit-band"/><g></g><text class="trfkit-readout" aria-hidden="true"/>
      </svg>
      <p class="trfkit-note" role="status"></p><p class="trfkit-spoken" aria-live="polite"></p>
    </div>`;
    this.root = el.firstElementChild;
    [this.picture, this.svg, this.note, this.spoken] = this.root.children;
    [this.cross, this.rubber, this.marks, this.readout] = this.svg.children;
    this.svg.setAttribute("aria-label", HELP);
    this.hand = new Hand(this);
    model.on("change:tool change:width change:height", () => this.resize());
    this.resize();
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(el);
    this.themes = new MutationObserver(() => this.tellPage());
    for (const page of [document.documentElement, document.body]) this.themes.observe(page, { attributes: true });
    link.views.add(this);
  }

  remove() {
    this.observer.disconnect();
    this.themes.disconnect();
    this.hand.finish("cancel");
    this.link.views.delete(this);
  }

  resize() {
    const [width, height] = [this.model.get("width"), this.model.get("height")];
    Object.assign(this.root.style, { maxWidth: `${width}px`, aspectRatio: `${width} / ${height}` });
    this.root.dataset.tool = this.model.get("tool");
    this.scale = this.root.clientWidth / width;
    this.tellPage();
    this.link.redraw();
  }

  // What whoever draws has to know of the page.
  tellPage() {
    const room = Math.round(this.root.parentElement?.clientWidth ?? 0);
    if (!room) return; // not on the page, or hidden in it
    const ink = getComputedStyle(this.root).color.match(/[\d.]+/g).slice(0, 3).map(Number);
    const page = { pixel_ratio: devicePixelRatio, room, dark: (ink[0] + ink[1] + ink[2]) / 765 > LIGHT_INK };
    const news = Object.entries(page).filter(([name, value]) => this.model.get(name) !== value);
    if (!news.length) return;
    for (const [name, value] of news) this.model.set(name, value);
    this.model.save_changes();
  }

  // The kernel knows of all that was done: a handle that was let go is where the kernel says.
  settle() {
    if (!this.hand.gesture) this.echo = null;
  }

  draw() {
    const { bitmap, alt } = this.link.scene;
    if (bitmap && bitmap !== this.drawn) {
      this.drawn = bitmap;
      Object.assign(this.picture, { width: bitmap.width, height: bitmap.height }); // clears it, too
      this.picture.getContext("2d").drawImage(bitmap, 0, 0);
      this.picture.setAttribute("aria-label", alt);
    }
    this.drawHandles();
    this.drawCross();
    this.drawBand();
    this.drawReadout();
  }

  drawHandles() {
    const { handles } = this.link.scene;
    const ids = handles.map(({ id }) => id);
    if (ids.length !== this.handles.size || ids.some((id) => !this.handles.has(id))) this.replaceHandles(ids);
    for (const handle of handles) {
      const place = this.placeOf(handle);
      const region = this.region(handle.panel);
      const shown = region && (place === this.echo || isIn(region, place));
      const element = this.handles.get(handle.id);
      element.style.display = shown ? "" : "none";
      if (shown) this.drawHandle(element, handle, place);
    }
  }

  drawHandle(element, { panel, label, cursor, color, x, y }, { left, top }) {
    const { x_limits, y_limits } = this.region(panel);
    const upright = cursor === "ns-resize";
    const [width, height] = [cursor === "ew-resize" ? SHORT : LONG, upright ? SHORT : LONG];
    const [title, , mark] = element.children;
    if (title.textContent !== label) title.textContent = label;
    Object.assign(element.style, { cursor, color });
    setAttributes(mark, { x: -width / 2, y: -height / 2, width, height, rx: Math.min(width, height) / 2 });
    setAttributes(element, {
      transform: `translate(${left * this.scale} ${top * this.scale})`,
      "aria-label": label,
      "aria-valuetext": label.split(": ").at(-1),
      "aria-valuenow": upright ? y : x,
      "aria-valuemin": Math.min(...(upright ? y_limits : x_limits)),
      "aria-valuemax": Math.max(...(upright ? y_limits : x_limits)),
      "aria-orientation": upright ? "vertical" : "horizontal",
    });
  }

  // Keeps the elements that there are, and with them the focus.
  replaceHandles(ids) {
    const focused = document.activeElement;
    this.handles = new Map(ids.map((id) => [id, this.handles.get(id) ?? this.newHandle(id)]));
    this.marks.replaceChildren(...this.handles.values());
    if (this.marks.contains(focused)) focused.focus();
  }

  newHandle(id) {
    const element = svgElement("g", { class: "trfkit-handle", role: "slider", tabindex: 0, "data-id": id });
    const hit = { class: "trfkit-hit", x: -HIT / 2, y: -HIT / 2, width: HIT, height: HIT, rx: HIT / 2 };
    element.append(svgElement("title", {}), svgElement("rect", hit), svgElement("rect", { class: "trfkit-mark" }));
    return element;
  }

  drawCross() {
    const region = this.pointed();
    const [left, top, from, above, to, below] = (region ? [this.point.left, this.point.top, ...edges(region)] : []).map(
      (pixels) => pixels * this.scale,
    );
    this.cross.setAttribute("d", region ? `M${from} ${top}H${to}M${left} ${above}V${below}` : "");
  }

  drawBand() {
    const [x, y, right, bottom] = (this.band?.box ?? [0, 0, 0, 0]).map((pixels) => pixels * this.scale);
    setAttributes(this.rubber, { x, y, width: right - x, height: bottom - y });
  }

  // In the corner of the panel, where it covers least: the handle in hand, the range, or the place of the crosshair.
  drawReadout() {
    const handle = this.echo ? this.handle(this.echo.id) : this.point ? null : this.handleOf(document.activeElement);
    const region = handle ? this.region(handle.panel) : (this.band?.region ?? this.pointed());
    this.readout.textContent = !region ? "" : handle ? handle.label : this.reading(region);
    if (!region) return;
    const [, top, right] = edges(region);
    setAttributes(this.readout, { x: right * this.scale - 6, y: top * this.scale + 14 });
  }

  reading(region) {
    if (this.band) return `x ${readX(region, this.band.box[0])} … ${readX(region, this.band.box[2])}`;
    return `x ${readX(region, this.point.left)}, y ${readY(region, this.point.top)}`;
  }

  // What is where

  at({ clientX, clientY }) {
    const box = this.svg.getBoundingClientRect();
    const scale = box.width / this.model.get("width");
    return { left: (clientX - box.left) / scale, top: (clientY - box.top) / scale };
  }

  region(panel) {
    return this.link.scene.regions.find(({ name }) => name === panel);
  }

  // The panel of the crosshair; there is none while a handle is dragged.
  pointed() {
    return this.point && !this.echo ? this.regionAt(this.point) : undefined;
  }

  regionAt(place) {
    return this.link.scene.regions.findLast((region) => isIn(region, place));
  }

  centre() {
    const { left, top, width, height } = this.link.scene.regions[0] ?? { left: 0, top: 0, width: 0, height: 0 };
    return { left: left + width / 2, top: top + height / 2 };
  }

  placeOf(handle) {
    if (this.echo?.id === handle.id) return this.echo;
    const region = this.region(handle.panel);
    return region && toPlace(region, handle.x, handle.y);
  }

  handle(id) {
    return this.link.scene.handles.find((handle) => handle.id === id);
  }

  handleOf(element) {
    const found = this.svg.contains(element) ? element.closest(".trfkit-handle") : null;
    return found && this.handle(found.dataset.id);
  }
}
