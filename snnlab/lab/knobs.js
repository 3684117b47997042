// The controls inside the view: plain HTML elements, each with words, a tooltip and the keyboard of the browser.
// What their keys do is in keys.js.

// From slow to fast: steps a second, to explain each; steps a frame; as fast as it goes.
const SPEEDS = ["1/s", "2/s", "5/s", "10/s", "1", "2", "5", "10", "20", "50", "100", "0"];
const CLOCK = 100; // ms: other digits lay out the page anew, a fifth of what a frame costs it, and nobody reads faster
const rank = (speed) => (speed.endsWith("/s") ? parseFloat(speed) - 1e9 : Number(speed) || Infinity);

function speedWords(speed) {
  if (speed === "0") return "as fast as it goes";
  return `${parseFloat(speed)} step${parseFloat(speed) === 1 ? "" : "s"} a ${speed.endsWith("/s") ? "second" : "frame"}`;
}

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

// The menu of speeds; a speed that Python has set and the list lacks finds its place in it.
function speedMenu(send) {
  const keys = { title: "Speed of the run (+ and −)", "aria-keyshortcuts": `${KEYS.faster.aria} ${KEYS.slower.aria}` };
  const menu = make("select", { ...keys, onchange: () => choose(menu.value) });
  let sent = 0;
  const show = (speed) => {
    if (menu.value === speed) return;
    if (![...menu.options].some((option) => option.value === speed)) {
      const next = [...menu.options].find((option) => rank(option.value) > rank(speed));
      menu.insertBefore(make("option", { value: speed }, speedWords(speed)), next ?? null);
    }
    menu.value = speed;
  };
  const choose = (speed) => {
    sent = send(speed.endsWith("/s") ? { do: "pace", value: parseFloat(speed) } : { do: "speed", value: Number(speed) });
  };
  const change = (by) => {
    const to = menu.options[menu.selectedIndex + by];
    if (!to) return;
    menu.value = to.value;
    choose(to.value);
  };
  SPEEDS.forEach(show);
  const update = (status, seen) => { if (seen >= sent) show(status.pace ? `${status.pace}/s` : String(status.speed)); };
  return { element: make("label", {}, "Speed", menu), update, change };
}

// The buttons and menus; `listen` makes the keys of the view do the same.
function bar(send, devices) {
  let playing = false, sent = 0; // the number of the last message that starts or stops a run
  let latest = null, told = -Infinity, late = null; // the clock: what it is to tell, when it told last, and the timer of what it kept back
  const run = (message, plays) => { sent = send(message); show(plays); };
  const button = (words, key, does, press, name = "") =>
    make("button", { type: "button", class: name, onclick: press, ...keyed(key, does) }, words);
  const count = make("input", {
    type: "number", min: 1, step: 1, value: 100, class: "snnlab-count", "aria-label": "Steps to run",
    ...keyed("count", "How many steps Run runs; Enter runs them"), onkeydown: (event) => {
      if (event.key === "Enter") acts.run();
      if (event.key === "Escape") event.target.closest(".snnlab").focus({ preventScroll: true });
    },
  });
  const speed = speedMenu(send), keys = keyList();
  const acts = {
    play: () => run({ do: playing ? "pause" : "play" }, !playing),
    step: () => run({ do: "step" }, false),
    run: () => { if (count.reportValidity() && count.value) run({ do: "run", steps: Number(count.value) }, true); },
    count: () => { count.focus(); count.select(); },
    reset: () => run({ do: "reset" }, false),
    faster: () => speed.change(1), slower: () => speed.change(-1), help: keys.toggle,
  };
  const play = button("Play", "play", "Run the model, and follow it", acts.play, "snnlab-main");
  const device = make("select", { title: "Where the model runs", onchange: () => send({ do: "device", value: device.value }) });
  for (const { name, label, missing } of devices) {
    device.append(make("option", { value: name, disabled: Boolean(missing), title: missing }, missing ? `${label}: ${missing}` : label));
  }
  const clock = make("span", { class: "snnlab-clock" });
  const buttons = make("div", { class: "snnlab-bar", role: "group", "aria-label": "Run the model" },
    play,
    button("Step", "step", "One step", acts.step),
    make("span", { class: "snnlab-run" },
      button("Run", "count", "Run so many steps, then stop", acts.run), count, "steps"),
    button("Reset", "reset", "Back to the first step; the sliders keep their settings", acts.reset),
    speed.element);
  if (devices.length) buttons.append(make("label", {}, "Device", device));
  buttons.append(keys.button, clock);
  const note = make("div", { class: "snnlab-message", role: "status" });
  const element = make("div", { onkeydown: keys.escape }, buttons, keys.element, note);
  function show(plays) {
    if (playing === plays) return;
    playing = plays;
    play.textContent = playing ? "Pause" : "Play";
    play.title = keyed("play", playing ? "Stop after this step" : "Run the model, and follow it").title;
  }
  function tell() {
    clearTimeout(late);
    [told, late] = [performance.now(), null];
    const { step, time } = latest;
    clock.textContent = `step ${step.toLocaleString("en")} · ${time.toLocaleString("en", { maximumFractionDigits: 2 })} ms`;
  }
  const update = (status, seen) => {
    if (seen >= sent) show(status.playing); // else the model has not heard of the last press yet
    speed.update(status, seen);
    if (document.activeElement !== device) device.value = status.device;
    latest = status;
    const wait = status.playing ? told + CLOCK - performance.now() : 0;
    if (wait <= 0) tell();
    else late ??= setTimeout(tell, wait);
    if (note.textContent !== status.note) note.textContent = status.note;
  };
  return { element, update, acts };
}

// One slider. Its positions are whole numbers, so that an arrow key moves it by one setting, also where the range is logarithmic.
function slider(control, send) {
  const { low, high, log } = control;
  const last = log ? 100 : Math.max(1, Math.round((high - low) / control.step));
  const valueAt = (p) => Number((log ? low * (high / low) ** (p / last) : low + ((high - low) * p) / last).toPrecision(6));
  const positionOf = (v) => Math.round(last * (log ? Math.log(Math.max(v, low) / low) / Math.log(high / low) : (v - low) / (high - low)));
  const output = make("output");
  const input = make("input", {
    type: "range", min: 0, max: last, step: 1, "data-name": control.name, title: control.doc,
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
  const update = (value, waits, seen) => {
    if (seen < sent) return; // the model has not heard of the last move yet
    if (note.hidden === waits) note.hidden = !waits;
    const position = String(Math.min(last, Math.max(0, positionOf(value))));
    if (input.value !== position) input.value = position;
    say(value);
  };
  const note = make("span", { class: "snnlab-waits", role: "status", hidden: true }, "acts after Reset");
  return { element: make("div", { class: "snnlab-control" }, name, input, output, note), update };
}
