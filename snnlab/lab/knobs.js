// The controls inside the view: plain HTML elements, each with words, a tooltip and the keyboard of the browser.
// JupyterLab leaves their keys alone because of data-lm-suppress-shortcuts.

const SPEEDS = [1, 2, 5, 10, 20, 50, 100, 0];

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

function bar(send, devices) {
  let playing = false;
  const button = (words, title, press, name = "") => make("button", { type: "button", title, class: name, onclick: press }, words);
  const play = button("Play", "Run the model, and follow it", () => send({ do: playing ? "pause" : "play" }), "snnlab-main");
  const speed = make("select", { title: "Steps of the model for each picture", onchange: () => send({ do: "speed", value: Number(speed.value) }) });
  speed.append(...SPEEDS.map((n) => make("option", { value: n }, n ? `${n} step${n > 1 ? "s" : ""} a frame` : "as fast as it goes")));
  const device = make("select", { title: "Where the model runs", onchange: () => send({ do: "device", value: device.value }) });
  for (const { name, label, missing } of devices) {
    device.append(make("option", { value: name, disabled: Boolean(missing), title: missing }, missing ? `${label}: ${missing}` : label));
  }
  const clock = make("span", { class: "snnlab-clock" });
  const element = make("div", { class: "snnlab-bar", role: "toolbar", "aria-label": "Run the model" },
    play,
    button("Step", "One step", () => send({ do: "step" })),
    button("Reset", "Back to the first step; the sliders keep their settings", () => send({ do: "reset" })),
    make("label", {}, "Speed", speed));
  if (devices.length) element.append(make("label", {}, "Device", device));
  element.append(clock);
  const update = (status) => {
    playing = status.playing;
    const words = playing ? "Pause" : "Play";
    if (play.textContent !== words) {
      play.textContent = words;
      play.title = playing ? "Stop after this step" : "Run the model, and follow it";
    }
    if (document.activeElement !== speed) {
      if (![...speed.options].some((option) => option.value === String(status.speed))) {
        speed.append(make("option", { value: status.speed }, `${status.speed} steps a frame`));
      }
      speed.value = String(status.speed);
    }
    if (document.activeElement !== device) device.value = status.device;
    clock.textContent = `step ${status.step.toLocaleString("en")} · ${status.time.toLocaleString("en", { maximumFractionDigits: 2 })} ms`;
  };
  return { element, update };
}

// One slider. Its positions are whole numbers, so that an arrow key moves it by one setting, also where the range is logarithmic.
function slider(control, send) {
  const { low, high, log } = control;
  const last = log ? 100 : Math.max(1, Math.round((high - low) / control.step));
  const valueAt = (p) => Number((log ? low * (high / low) ** (p / last) : low + ((high - low) * p) / last).toPrecision(6));
  const positionOf = (v) => Math.round(last * (log ? Math.log(Math.max(v, low) / low) / Math.log(high / low) : (v - low) / (high - low)));
  const output = make("output");
  const input = make("input", {
    type: "range", min: 0, max: last, step: 1, "data-lm-suppress-shortcuts": "true", "data-name": control.name, title: control.doc,
    "aria-label": control.label, oninput: () => move(valueAt(Number(input.value))),
  });
  output.setAttribute("for", (input.id = `snnlab-${Math.random().toString(36).slice(2)}`));
  const title = `${control.doc}${control.doc ? " · " : ""}double-click: ${short(control.initial)} ${control.unit}, as at the start`;
  const name = make("label", { for: input.id, title }, control.label);
  name.addEventListener("dblclick", () => { input.value = positionOf(control.initial); move(control.initial); });
  let sent = 0; // number of the last message that this slider sent
  const say = (value) => {
    const words = `${short(value)} ${control.unit}`.trim();
    if (output.textContent === words) return;
    output.textContent = words;
    input.setAttribute("aria-valuetext", words);
  };
  const move = (value) => {
    say(value);
    sent = send({ do: "set", name: control.name, value });
  };
  const update = (value, seen) => {
    if (seen < sent) return; // the model has not heard of the last move yet
    const position = String(Math.min(last, Math.max(0, positionOf(value))));
    if (input.value !== position) input.value = position;
    say(value);
  };
  return { element: make("div", { class: "snnlab-control" }, name, input, output), update };
}
