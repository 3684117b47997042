// Mouse, touch, wheel and keys over the figure: pointing reads, a click follows, wheel, pinch, drag and keys move in time.
//
// `now` gives { place, data } as they are; `act` does { point(found), follow(group, place), look(inView) } with what was asked for.

const STILL = 4; // pixels: a press that moves no further is a click

function pointing(figure, scene, now, act) {
  const down = new Map(); // pointers that are pressed, and where
  let start = null, dragged = false, over = null;

  const at = (event) => {
    const { left, top } = figure.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  // The panel under a point, with room for the hand at its edges.
  function panelAt([x, y], room = 2) {
    const { place, data } = now();
    if (!place || !data) return null;
    const index = scene.panels.findIndex((panel) => {
      const box = place.boxes.get(panel);
      return x >= box.x - room && x <= box.x + box.w + room && y >= box.y - room && y <= box.y + box.h + room;
    });
    if (index < 0) return null;
    const panel = scene.panels[index];
    return { index, panel, box: place.boxes.get(panel), data: data[index], kind: KINDS[panel.kind] };
  }
  function find(point) {
    const hit = point && panelAt(point);
    if (!hit) return null;
    const found = hit.kind.find?.(hit.box, hit.panel, hit.data, scene, ...point);
    return found ? { index: hit.index, ...found } : null;
  }
  const point = (where) => {
    over = where;
    act.point(find(where));
  };
  const boxOverTime = (where) => {
    const hit = panelAt(where);
    return hit?.kind.height ? hit.box : null;
  };
  const [middle, apart] = [(a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], (a, b) => Math.max(10, Math.abs(a[0] - b[0]))];

  function move(event) {
    const where = at(event), before = down.get(event.pointerId);
    if (!before || !start) return point(where);
    const other = [...down.entries()].find(([id]) => id !== event.pointerId)?.[1];
    if (other) { // two fingers: their distance zooms, their middle stays where it is
      dragged = true;
      act.look(zoomTime(scene, apart(before, other) / apart(where, other), xToStep(scene, start.box, middle(where, other)[0])));
    } else if (dragged || Math.hypot(where[0] - start.where[0], where[1] - start.where[1]) > STILL) {
      dragged = true;
      act.look(panTime(scene, xToStep(scene, start.box, before[0]) - xToStep(scene, start.box, where[0])));
    }
    down.set(event.pointerId, where);
    point(where);
  }
  function press(event) {
    if (event.button) return;
    const where = at(event), box = boxOverTime(where);
    if (!down.size) [start, dragged] = [box ? { where, box } : null, false];
    down.set(event.pointerId, where);
    if (start) figure.setPointerCapture?.(event.pointerId); // a drag may leave the panel
    point(where);
  }
  const release = (event) => down.delete(event.pointerId);

  let before = null; // what was followed before the first of two clicks
  function click(event) {
    const found = dragged ? null : find(at(event));
    if (!found?.group || found.place === undefined || event.detail > 1) return;
    const followed = scene.followed?.[found.group] ?? null;
    before = { group: found.group, place: followed };
    act.follow(found.group, followed === found.place ? null : found.place);
  }
  function twice(event) {
    if (!boxOverTime(at(event))) return;
    act.look(null);
    if (before) act.follow(before.group, before.place); // the first of the two clicks meant nothing
    before = null;
  }
  function wheel(event) {
    const box = boxOverTime(at(event));
    if (!box) return;
    const [x] = at(event), pixels = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : 0;
    const factor = Math.exp(event.deltaY * pixels * (event.ctrlKey ? 0.01 : 0.002)); // with ctrl: fingers on a touch pad
    if (wholeWindow(scene) && (sideways || factor >= 1) && !event.ctrlKey) return; // nothing to see there: the page scrolls
    event.preventDefault();
    act.look(sideways ? panTime(scene, xToStep(scene, box, box.x + sideways * pixels) - xToStep(scene, box, box.x))
      : zoomTime(scene, factor, xToStep(scene, box, x)));
    point(at(event));
  }

  const listeners = { pointermove: move, pointerdown: press, pointerup: release, pointercancel: release, click, dblclick: twice };
  for (const [name, listener] of Object.entries(listeners)) figure.addEventListener(name, listener);
  figure.addEventListener("pointerleave", (event) => { if (!down.size && event.pointerType !== "touch") point(null); }); // a finger only taps
  figure.addEventListener("wheel", wheel, { passive: false }); // it may keep the page from scrolling
  return { again: () => act.point(find(over)) }; // the picture has changed below the pointer
}

// [ and ] for more and less time in view, { and } for earlier and later, 0 for the whole window.
function timeKey(event, scene) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.("input:not([type=range]), select, textarea")) return undefined;
  const [from, to] = timeInView(scene), newest = to >= scene.window;
  const keys = {
    "[": () => zoomTime(scene, 1.5, newest ? to : (from + to) / 2), "]": () => zoomTime(scene, 1 / 1.5, newest ? to : (from + to) / 2),
    "{": () => panTime(scene, (from - to) / 4), "}": () => panTime(scene, (to - from) / 4), 0: () => null,
  };
  return keys[event.key]?.();
}
