// The browser's half of canvas.py: what comes from the kernel and what goes to it. view.js, which draws, and
// gestures.js, which listens to pointer and keys, are appended to this file; together they are one module.
//
// From the kernel:  {kind: "scene", serial, handles}, and with a new frame {alt, regions} and the PNG as a buffer
//                   {kind: "answer", handles}: the last events have been dealt with
// To the kernel:    {kind: "ready"}: a page has opened; {kind: "painted", serial}; {kind: "events", events: [...]}
//
// Places are {left, top} in CSS pixels of the frame; `View.scale` makes them those of the screen.

const PATIENCE_MS = 2000; // for an answer, before the page says that there is none
const NO_ANSWER = "The kernel does not answer. This is its last picture.";

// What all views of a canvas in this page share: the newest scene, and the line to the kernel.
class Link {
  scene = { serial: 0, alt: "", regions: [], handles: [], bitmap: null };
  painted = 0; // serial of the scene on the screen, which events belong to
  views = new Set();
  outbox = []; // events that wait for the answer to those before
  waiting = false;

  constructor(model) {
    this.model = model;
    let heard = Promise.resolve(); // one message after the other, though decoding takes its time
    model.on("msg:custom", (message, buffers) => {
      heard = heard.then(() => this.hear(message, buffers)).catch(console.error);
    });
    model.on("comm_live_update", () => this.say(NO_ANSWER)); // ipywidgets: the kernel has gone
    model.send({ kind: "ready" });
  }

  async hear({ kind, ...news }, buffers) {
    if (buffers?.length) {
      news.bitmap = await createImageBitmap(new Blob([buffers[0]], { type: "image/png" }));
      this.scene.bitmap?.close();
    }
    Object.assign(this.scene, news);
    this.say("");
    if (kind === "answer") this.answered();
    this.redraw();
  }

  redraw() {
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = null;
      for (const view of this.views) view.draw();
      if (this.painted === this.scene.serial) return;
      this.painted = this.scene.serial;
      this.model.send({ kind: "painted", serial: this.painted });
    });
  }

  // Of events with the same `newest` in a row only the last is kept; all others are sent.
  tell(event) {
    const last = this.outbox.at(-1);
    if (last && event.newest && last.newest === event.newest) this.outbox.pop();
    this.outbox.push(event);
    this.expect([event]);
    this.flush();
  }

  flush() {
    if (this.waiting || !this.outbox.length) return;
    const events = this.outbox.splice(0);
    this.waiting = true;
    this.expect(events);
    this.model.send({ kind: "events", events });
  }

  // Say so if there is no answer; one to a mere hovering nobody misses.
  expect(events) {
    if (events.every(({ type }) => type === "hover" || type === "leave")) return;
    this.timer ??= setTimeout(() => this.say(NO_ANSWER), PATIENCE_MS);
  }

  answered() {
    clearTimeout(this.timer);
    this.timer = null;
    this.waiting = false;
    if (!this.outbox.length) for (const view of this.views) view.settle();
    this.flush();
  }

  say(text) {
    for (const view of this.views) view.note.textContent = text;
  }
}

export default () => {
  let link;
  return {
    initialize({ model }) {
      link = new Link(model);
    },
    render({ model, el }) {
      const view = new View(link, model, el);
      return () => view.remove();
    },
  };
};
