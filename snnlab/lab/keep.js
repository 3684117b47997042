// Keeping: a menu from which the picture and the numbers behind it are saved as files. Python makes the bytes, the browser downloads them.

const FILES = [
  [".png", "Picture, PNG", "The picture as it is now, in dots"],
  [".svg", "Picture, SVG", "The picture as it is now, in lines that scale"],
  [".npz", "Numbers, NPZ", "What every panel recorded, as arrays: numpy.load opens them"],
  [".csv", "Table of steps, CSV", "What the panels over time recorded, one row a step"],
  [".spikes.csv", "Table of spikes, CSV", "Every spike in view: its step, time and neuron"],
];

function download(name, kind, bytes) {
  const url = URL.createObjectURL(new Blob([bytes], { type: kind }));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000); // not at once: the browser may still be reading
}

// The menu: Enter or Space opens it, Tab goes through it, Escape closes it. `id` is the view that asks, so that no other downloads as well.
function keeping(model, scene, id, send) {
  const said = make("span", { class: "snnlab-note", role: "status" });
  const title = make("summary", { title: "Keep the picture, or the numbers behind it, as a file" }, "Save");
  const list = make("div", { class: "snnlab-list" });
  const menu = make("details", { class: "snnlab-menu" }, title, list);
  let forget = 0;
  const say = (words) => {
    said.textContent = words;
    clearTimeout(forget);
    forget = setTimeout(() => { said.textContent = ""; }, 6000);
  };
  const close = (back) => {
    if (!menu.open) return;
    menu.open = false;
    if (back) title.focus();
  };
  for (const [end, words, about] of FILES) {
    if (end === ".spikes.csv" && !scene.panels.some((panel) => panel.kind === "raster")) continue;
    const ask = () => { close(true); say("saving …"); send({ do: "save", kind: end }); };
    list.append(make("button", { type: "button", title: about, onclick: ask }, words));
  }
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close(true);
  });
  menu.addEventListener("focusout", (event) => { if (event.relatedTarget && !menu.contains(event.relatedTarget)) close(false); });
  const outside = (event) => { if (!menu.contains(event.target)) close(false); };
  const arrive = (message, buffers) => {
    if (message.do !== "file" || message.view !== id) return;
    download(message.name, message.kind, buffers[0]);
    say(`saved ${message.name}`);
  };
  document.addEventListener("pointerdown", outside);
  model.on("msg:custom", arrive);
  const end = () => {
    document.removeEventListener("pointerdown", outside);
    model.off("msg:custom", arrive);
  };
  return { element: make("span", { class: "snnlab-keeping" }, menu, said), end };
}
