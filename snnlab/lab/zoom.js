// The time in view: a part of the window, in steps since its first one, [from, to]. All panels over time show the same part.

const LEAST = 8; // steps in view at most magnification: so few can be counted

const timeInView = (scene) => scene.inView ?? [0, scene.window];
const wholeWindow = (scene) => timeInView(scene)[1] - timeInView(scene)[0] >= scene.window;

// The whole steps of which something is in view: [first, end).
function stepsInView(scene) {
  const [from, to] = timeInView(scene);
  return [Math.max(0, Math.floor(from)), Math.min(scene.window, Math.ceil(to))];
}

// Where a step stands, and which stands there; a step is as wide as the time it takes.
function stepToX(scene, box, step) {
  const [from, to] = timeInView(scene);
  return box.x + ((step - from) / (to - from)) * box.w;
}

function xToStep(scene, box, x) {
  const [from, to] = timeInView(scene);
  return from + ((x - box.x) / box.w) * (to - from);
}

// Times the width, so that `fixed` stays where it is.
function zoomTime(scene, factor, fixed) {
  const [from, to] = timeInView(scene);
  const width = Math.min(scene.window, Math.max(Math.min(LEAST, scene.window), (to - from) * factor));
  return within(scene, fixed - ((fixed - from) / (to - from)) * width, width);
}

function panTime(scene, steps) {
  const [from, to] = timeInView(scene);
  return within(scene, from + steps, to - from);
}

function within({ window }, from, width) {
  const start = Math.min(window - width, Math.max(0, from));
  return [start, start + width];
}
