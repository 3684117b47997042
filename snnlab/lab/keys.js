// The keys of the view. They act while the focus is in the view, but not in a slider, menu or number field: those keep their own keys.
// JupyterLab would take most of them for its own (R makes a cell raw, and its output goes): it looks for data-lm-suppress-shortcuts, but
// only at the element that has the focus, so whatever gets the focus gets that.

// keys: as the browser calls them, letters small. named: as a person reads them. aria: as aria-keyshortcuts spells them.
const KEYS = {
  play: { keys: [" ", "k"], named: "Space or K", aria: "Space K", does: "play, and pause" },
  step: { keys: ["ArrowRight", "."], named: "→ or .", aria: "ArrowRight .", does: "one step", repeats: true },
  count: { keys: ["n"], named: "N", aria: "N", does: "how many steps to run: type a number, Enter runs them, Escape goes back" },
  reset: { keys: ["r"], named: "R", aria: "R", does: "back to the first step" },
  faster: { keys: ["+", "="], named: "+", aria: "Plus", does: "faster", repeats: true },
  slower: { keys: ["-", "−"], named: "−", aria: "-", does: "slower", repeats: true },
  help: { keys: ["?"], named: "?", aria: "?", does: "this list; Escape closes it" },
};

// The keys of the figure, which pointer.js hears, for the list.
const FIGURE_KEYS = [["[ and ]", "a longer and a shorter stretch of time"], ["{ and }", "earlier and later"], ["0", "the whole window"]];

// What an element says of its key: a tooltip that names it, and the same for assistive software.
const keyed = (name, words) => ({ title: `${words} (${KEYS[name].named})`, "aria-keyshortcuts": KEYS[name].aria });

// Calls acts[name]() for every key of the view.
function listen(root, acts) {
  root.tabIndex = -1; // a click anywhere in the view gives it the focus
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Live view; ? lists its keys");
  root.addEventListener("focusin", (event) => event.target.setAttribute("data-lm-suppress-shortcuts", "true"));
  root.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target.closest("input, select, textarea")) return;
    if (event.key === " " && event.target.closest("button, summary, a")) return; // presses that one, as everywhere
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const [name, found] = Object.entries(KEYS).find(([, each]) => each.keys.includes(key)) ?? [];
    if (!found) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat || found.repeats) acts[name]();
  });
  // A button that the mouse pressed hands the focus to the view: Space plays then, and does not press the same button again.
  root.addEventListener("mousedown", (event) => {
    if (!event.target.closest(".snnlab-bar > button, .snnlab-run > button")) return;
    event.preventDefault();
    root.focus({ preventScroll: true });
  });
}

// The list of keys, hidden at first. It takes the focus when it opens, so that it is read aloud, and gives it back.
function keyList() {
  let before = null;
  const element = make("div", { class: "snnlab-keys", role: "dialog", "aria-label": "Keys", tabindex: -1, hidden: true });
  const close = () => {
    element.hidden = true;
    button.setAttribute("aria-expanded", "false");
    (before?.isConnected ? before : button).focus({ preventScroll: true });
  };
  const toggle = () => {
    if (!element.hidden) return close();
    before = document.activeElement;
    element.hidden = false;
    button.setAttribute("aria-expanded", "true");
    element.focus({ preventScroll: true });
  };
  const about = { type: "button", "aria-expanded": "false", ...keyed("help", "List of the keys") };
  const button = make("button", { ...about, onclick: toggle }, "Keys");
  const listed = [...Object.values(KEYS).map(({ named, does }) => [named, does]), ...FIGURE_KEYS];
  const rows = listed.map(([named, does]) => make("tr", {}, make("th", { scope: "row" }, named), make("td", {}, does)));
  element.append(
    make("table", {}, ...rows),
    make("p", {}, "They act while the focus is in this view: click the picture, or press Tab. ",
      "Sliders, menus and number fields keep their own keys."),
    make("button", { type: "button", title: "Close the list (Escape)", "aria-keyshortcuts": "Escape", onclick: close }, "Close"));
  const escape = (event) => {
    if (event.key !== "Escape" || element.hidden) return;
    event.preventDefault();
    event.stopPropagation();
    close();
  };
  return { element, button, toggle, escape };
}
