// What a person does on a canvas, by pointer or by keyboard, as events for the kernel.
//
// A gesture is what happens between a press and its release: {move(dx, dy), end(modifiers), cancel()}, with the way gone
// since the press, in CSS pixels of the frame. It belongs to the frame that was seen at its start, all but a handle's,
// which are read with the frame of their moment.

const SLACK = 3; // CSS pixels that a pointer may stray in a click
const WHEEL_SPEED = 0.002; // a notch of 100 pixels changes the range by a fifth
const WHEEL_REST_MS = 300; // a longer pause ends the gesture
const WHEEL_LINE = 16; // CSS pixels, where a browser counts in lines
const MOST_ZOOM = 100; // in one gesture

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const modifiersOf = (event) => ["shift", "ctrl", "alt", "meta"].filter((name) => event[`${name}Key`]);

// The name of a key with its modifiers, as `shortcuts` has it. Shift counts where it does not make another character.
function chord(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const shift = event.shiftKey && (key.length > 1 || key !== key.toUpperCase());
  return `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${event.altKey ? "Alt+" : ""}${shift ? "Shift+" : ""}${key}`;
}

class Hand {
  gesture = null;
  pointer = null; // the id of the pointer that makes it; none by keyboard
  start = null; // where it began
  wheelTurn = null; // the zoom by wheel that goes on

  constructor(view) {
    this.view = view;
    this.link = view.link;
    const heard = ["pointerdown", "pointermove", "pointerup", "pointerleave", "lostpointercapture", "touchstart"];
    for (const name of [...heard, "dblclick", "wheel", "keydown", "keyup", "focusout"]) {
      view.svg.addEventListener(name, (event) => this[name](event), { passive: false });
    }
  }

  tell(type, details) {
    this.link.tell({ type, serial: this.link.painted, ...details });
    this.link.redraw();
  }

  begin(gesture, start, pointer = null) {
    Object.assign(this, { gesture, start, pointer });
  }

  moveTo({ left, top }) {
    this.gesture.move(left - this.start.left, top - this.start.top);
  }

  // how: "end" or "cancel"
  finish(how, modifiers = []) {
    const gesture = this.gesture;
    this.gesture = null;
    gesture?.[how](modifiers);
    this.view.band = null;
    this.link.redraw();
  }

  // Gestures

  // The handle goes with the hand at once, the ways that its cursor names; the kernel has the last word.
  dragHandle({ id, panel, cursor }, origin) {
    let moved = false;
    const tell = (phase) => {
      const { left, top } = this.view.echo;
      this.tell("drag", { id, panel, phase, left, top, newest: phase === "move" ? id : null });
    };
    const go = (phase, dx, dy) => {
      const [right, down] = [cursor === "ns-resize" ? 0 : dx, cursor === "ew-resize" ? 0 : dy];
      this.view.echo = { id, left: origin.left + right, top: origin.top + down };
      tell(phase);
    };
    const move = (dx, dy) => {
      if (!moved && !dx && !dy) return;
      if (!moved) go("start", 0, 0);
      moved = true;
      go("move", dx, dy);
    };
    return { move, end: () => moved && tell("end"), cancel: () => moved && go("end", 0, 0) };
  }

  // A click, or as soon as it strays what the tool makes of it.
  grabPlot(region, start) {
    const tool = this.view.model.get("tool");
    const about = { panel: region.name, serial: this.link.painted };
    let way = null;
    const pan = (phase, [dx, dy]) => {
      const box = edges(region).map((edge, index) => edge - (index % 2 ? dy : dx));
      this.tell("pan", { ...about, box, phase, newest: phase === "move" ? "pan" : null });
    };
    const move = (dx, dy) => {
      if (!way && Math.hypot(dx, dy) <= SLACK) return;
      if (tool === "pan" && !way) pan("start", [0, 0]);
      way = [dx, dy];
      if (tool === "pan") pan("move", way);
      if (tool === "select" || tool === "zoom") this.view.band = { region, box: rubberBox(region, start, way, tool) };
    };
    const end = (modifiers) => {
      const box = this.view.band?.box;
      if (!way) this.tell("click", { ...about, ...start, modifiers });
      else if (tool === "pan") pan("end", way);
      else if (tool === "zoom") this.tell("zoom", { ...about, box });
      else if (tool === "select" && box[0] < box[2]) this.tell("range", { ...about, box, modifiers });
    };
    return { move, end, cancel: () => tool === "pan" && way && pan("end", [0, 0]) };
  }

  // Pointer

  pointerdown(event) {
    if (event.button !== 0 || this.gesture) return;
    const place = this.view.at(event);
    const gesture = this.grab(this.view.handleOf(event.target), place);
    if (!gesture) return;
    this.begin(gesture, place, event.pointerId);
    this.view.svg.setPointerCapture(event.pointerId);
  }

  // A handle is dragged, all else scrolls the page. (touch-action does not count on what is inside of an SVG.)
  touchstart(event) {
    if (this.view.handleOf(event.target)) event.preventDefault();
  }

  // The gesture that begins with a press on a handle or, without one, at a place; none outside of the panels.
  grab(handle, place) {
    if (handle) return this.dragHandle(handle, this.view.placeOf(handle));
    const region = this.view.regionAt(place);
    return region && this.grabPlot(region, place);
  }

  pointermove(event) {
    const place = this.view.at(event);
    if (!this.gesture) this.hover(place);
    else if (event.pointerId === this.pointer) {
      this.view.point = place;
      this.moveTo(place);
      this.link.redraw();
    }
  }

  pointerup(event) {
    if (!this.gesture || event.pointerId !== this.pointer) return;
    this.moveTo(this.view.at(event));
    this.finish("end", modifiersOf(event));
  }

  // After a pointerup the gesture is over; else the browser has taken the pointer, to scroll by touch.
  lostpointercapture(event) {
    if (this.gesture && event.pointerId === this.pointer) this.finish("cancel");
  }

  pointerleave() {
    if (this.gesture) return;
    this.hover(null);
  }

  hover(place) {
    const before = this.view.pointed();
    this.view.point = place;
    const region = place && this.view.regionAt(place);
    if (region) this.tell("hover", { panel: region.name, ...place, newest: "hover" });
    else if (before) this.tell("leave", {});
    this.link.redraw();
  }

  dblclick(event) {
    const region = this.view.regionAt(this.view.at(event));
    if (region && !this.view.handleOf(event.target)) this.tell("reset", { panel: region.name });
  }

  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return; // it is the notebook's
    const place = this.view.at(event);
    const region = this.view.regionAt(place);
    if (!region) return;
    event.preventDefault();
    if (!(event.timeStamp - this.wheelTurn?.last < WHEEL_REST_MS)) {
      this.wheelTurn = { region, place, serial: this.link.painted, factor: 1, newest: `zoom ${event.timeStamp}` };
    }
    const turn = this.wheelTurn;
    turn.last = event.timeStamp;
    const pixels = event.deltaY * [1, WHEEL_LINE, region.height][event.deltaMode];
    turn.factor = clamp(turn.factor * Math.exp(WHEEL_SPEED * pixels), 1 / MOST_ZOOM, MOST_ZOOM);
    const centre = [turn.place.left, turn.place.top];
    const box = edges(turn.region).map((edge, index) => centre[index % 2] + turn.factor * (edge - centre[index % 2]));
    this.tell("zoom", { panel: turn.region.name, serial: turn.serial, box, newest: turn.newest });
  }

  // Keyboard

  keydown(event) {
    const handle = this.view.handleOf(event.target);
    const size = event.shiftKey ? 10 : event.altKey ? 0.1 : 1;
    const step = ARROWS[event.key]?.map((pixels) => pixels * size);
    if (handle && step) this.nudge(handle, step);
    else if (event.key === "Escape" && this.gesture) this.finish("cancel");
    else if (this.view.model.get("shortcuts").includes(chord(event))) this.tell("key", { key: chord(event) });
    else if (step) this.moveCross(step);
    else if (!handle && (event.key === " " || event.key === "Enter")) this.press(event);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  keyup(event) {
    if (event.key in ARROWS && this.view.handleOf(event.target)) this.leave();
  }

  focusout() {
    this.leave();
  }

  // End what the keyboard does to a handle, and give up what it does on the plot.
  leave() {
    if (this.gesture && this.pointer === null) this.finish(this.view.echo ? "end" : "cancel");
  }

  nudge(handle, [dx, dy]) {
    if (!this.gesture) {
      const place = this.view.placeOf(handle);
      this.begin(this.grab(handle), place);
      this.reached = place;
      this.view.point = null;
    }
    this.reached = { left: this.reached.left + dx, top: this.reached.top + dy };
    this.moveTo(this.reached);
  }

  moveCross([dx, dy]) {
    const place = this.view.point ?? this.view.centre();
    const next = { left: place.left + dx, top: place.top + dy };
    const region = this.view.regionAt(next);
    if (!region) return;
    if (this.gesture) {
      this.view.point = next;
      this.moveTo(next);
      this.link.redraw();
    } else this.hover(next);
    this.view.spoken.textContent = this.view.reading(region);
  }

  press(event) {
    if (!this.gesture) {
      const place = this.view.point ?? this.view.centre();
      const gesture = this.grab(null, place);
      if (gesture) this.begin(gesture, place);
      if (event.key === " ") return;
    }
    this.finish("end", modifiersOf(event));
  }
}

// The rubber band of a drag, [left, top, right, bottom] in the panel. Along an axis that is not selected, or hardly
// gone, it is the whole panel.
function rubberBox(region, { left, top }, [dx, dy], tool) {
  const [from, above, to, below] = edges(region);
  const [x, y] = [clamp(left + dx, from, to), clamp(top + dy, above, below)];
  const wide = tool === "select" || Math.abs(dx) > SLACK;
  const high = tool === "zoom" && Math.abs(dy) > SLACK;
  const [right, bottom] = [Math.max(left, x), Math.max(top, y)];
  return [wide ? Math.min(left, x) : from, high ? Math.min(top, y) : above, wide ? right : to, high ? bottom : below];
}
