// The live view: builds the page's side of a lab, paints the frames that come, and says when each is painted.

function decodeMap(base64) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const rgb = Array.from({ length: 256 }, (_, i) => [bytes[3 * i], bytes[3 * i + 1], bytes[3 * i + 2]]);
  return { rgb, abgr: Uint32Array.from(rgb, ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0) };
}

const TYPES = { uint8: Uint8Array, uint16: Uint16Array, float32: Float32Array };

// The arrays of a frame, read where they lie in its one buffer.
function unpack(table, view) {
  const aligned = view.byteOffset % 4 === 0;
  const buffer = aligned ? view.buffer : view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  const start = aligned ? view.byteOffset : 0;
  return table.map((entries) => Object.fromEntries(Object.entries(entries).map(([name, [type, shape, at]]) =>
    [name, new TYPES[type](buffer, start + at, shape.reduce((a, b) => a * b, 1))])));
}

function render({ model, el }) {
  const scene = structuredClone(model.get("scene"));
  scene.maps = Object.fromEntries(Object.entries(scene.maps).map(([name, map]) => [name, decodeMap(map)]));
  const id = Math.random().toString(36).slice(2);
  let count = 0;
  const send = (message) => {
    try {
      model.send({ ...message, view: id, seq: ++count });
    } catch {
      lost();
    }
    root.dataset.sent = count;
    return count;
  };

  const toolbar = bar(send, model.get("devices"));
  const sliders = new Map(model.get("controls").map((control) => [control.name, slider(control, send)]));
  const saving = keeping(model, scene, id, send);
  toolbar.element.querySelector(".snnlab-clock").before(saving.element);
  const error = make("div", { class: "snnlab-error", role: "alert", hidden: true });
  // Every canvas that a page shows is copied at each frame, changed or not: so the axes are a picture, and marks hide where there are none.
  const axes = make("canvas", { "aria-hidden": "true" }), sheet = new OffscreenCanvas(1, 1);
  const canvas = make("canvas", { role: "img", "aria-label": "nothing recorded yet" });
  const marks = make("canvas", { "aria-hidden": "true", class: "snnlab-marks", hidden: true });
  const figure = make("div", { class: "snnlab-figure" }, axes, canvas, marks);
  const readout = make("div", { class: "snnlab-readout snnlab-note", role: "status" });
  const root = make("div", { class: "snnlab", "data-lm-suppress-shortcuts": "true" }, toolbar.element);
  if (sliders.size) root.append(make("div", { class: "snnlab-controls" }, ...[...sliders.values()].map((s) => s.element)));
  root.append(error, figure, readout);
  listen(root, toolbar.acts);
  el.append(root);

  let place = null, look = theme(), limits = "", data = null, status = null, painted = false, found = null, marked = false;
  const follow = (group, neuron) => send({ do: "follow", group, neuron });
  const pointer = pointing(figure, scene, () => ({ place, data }), { point, follow, look: see });

  function fit() {
    const width = Math.floor(figure.clientWidth);
    if (!width) return;
    const ratio = window.devicePixelRatio || 1;
    place = layOut(scene, width);
    figure.style.height = `${place.height}px`;
    for (const layer of [axes, canvas, marks]) Object.assign(layer.style, { width: `${width}px`, height: `${place.height}px` });
    for (const layer of [sheet, canvas, marks]) {
      layer.width = Math.round(width * ratio);
      layer.height = Math.round(place.height * ratio);
      layer.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    limits = "";
    paint();
  }

  function paint() {
    if (!data || !place) return;
    const now = data.map((arrays) => (arrays.limits ? arrays.limits.join() : "")).join(";");
    if (now !== limits) { // the axes are drawn again only when one of them changes
      limits = now;
      paintAxes(sheet.getContext("2d"), place, scene, data, look);
      axes.getContext("bitmaprenderer").transferFromImageBitmap(sheet.transferToImageBitmap());
    }
    paintData(canvas.getContext("2d"), place, scene, data, look);
    if (marked) pointer.again();
  }

  // The layer of marks alone, and the words for what was found: the picture below stays as it is.
  function point(now) {
    found = now;
    const words = found ? readOut(found, scene.panels[found.index], scene, status.step) : hint(scene);
    if (readout.textContent !== words) readout.textContent = words;
    if (!data || !place) return;
    paintMarks(marks.getContext("2d"), place, scene, data, look, found);
    marked = found || Object.keys(scene.followed).length > 0;
    marks.hidden = !marked;
    readout.setAttribute("aria-live", status.playing ? "off" : "polite"); // not read aloud at every frame
  }

  function see(inView) { // [from, to] in steps of the window; null: all of it
    const whole = !inView || inView[1] - inView[0] >= scene.window;
    const wished = whole ? null : inView;
    if (String(wished) === String(scene.inView ?? null)) return;
    scene.inView = wished;
    limits = "";
    paint();
    point(found);
  }

  function describe() { // lines have made room for the neuron that is followed
    const { panels, followed } = model.get("scene");
    panels.forEach((panel, index) => Object.assign(scene.panels[index], panel));
    scene.followed = followed;
    limits = "";
    paint();
    point(found);
  }

  // The words around the picture; `seen` is the last message of this view that the model has heard.
  function tell() {
    const seen = status.seen[id] ?? 0;
    toolbar.update(status, seen);
    for (const [name, value] of Object.entries(status.values)) sliders.get(name)?.update(value, status.waiting.includes(name), seen);
    error.hidden = !status.error;
    if (error.textContent !== status.error) error.textContent = status.error;
    if (status.alt) canvas.setAttribute("aria-label", status.alt);
  }

  // The kernel was restarted or has ended: the last picture stays, nobody hears the controls, and the page would throw at each of them.
  function lost() {
    error.hidden = false;
    error.textContent = "Not connected: the kernel of this view was restarted or has ended. Run the cell again.";
  }

  function acknowledge({ number, asks }) {
    const done = () => {
      painted = false;
      if (asks) send({ do: "ack", frame: number });
    };
    if (document.hidden) setTimeout(done, 100); // a hidden page has no animation frames
    else requestAnimationFrame(done);
  }

  function arrive(message, buffers) {
    if (message.do !== "frame") return;
    if (message.table.length) data = unpack(message.table, buffers[0]);
    status = message.status;
    const now = () => {
      painted = true;
      paint();
      tell();
      el.dispatchEvent(new CustomEvent("snnlab-frame", { bubbles: true, detail: { made: message.made, seen: status.seen[id] ?? 0 } }));
      acknowledge(message);
    };
    if (painted && !document.hidden) requestAnimationFrame(now);
    else now(); // at once where nothing was painted in this animation frame yet
  }

  const recolor = () => { look = theme(); dress(root, look); limits = ""; paint(); };
  const resized = new ResizeObserver(() => { if (!place || Math.floor(figure.clientWidth) !== place.width) fit(); });
  const themed = new MutationObserver(() => setTimeout(recolor, 50));
  resized.observe(figure);
  themed.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"] });
  const sharper = whenSharper(fit);
  root.addEventListener("keydown", (event) => {
    const wished = timeKey(event, scene);
    if (wished === undefined) return;
    event.preventDefault();
    event.stopPropagation(); // a notebook has commands for these keys
    see(wished);
  });
  model.on("msg:custom", arrive);
  model.on("comm_live_update", lost);
  model.on("change:scene", describe);
  dress(root, look);
  point(null);
  const first = model.get("first");
  if (first?.table) { // a kernel that runs other cells sends no frame until it is through with them
    data = unpack(first.table, first.buffer);
    status = first.status;
    tell();
  }
  fit();
  const leave = () => send({ do: "bye" });
  window.addEventListener("pagehide", leave); // a page that is closed takes nothing down in order
  send({ do: "hello", still: window.matchMedia("(prefers-reduced-motion: reduce)").matches });
  return () => {
    leave();
    window.removeEventListener("pagehide", leave);
    saving.end();
    model.off("msg:custom", arrive);
    model.off("comm_live_update", lost);
    model.off("change:scene", describe);
    sharper.end();
    resized.disconnect();
    themed.disconnect();
  };
}

export default { render };
