// How things look: colours, dashes, words and lines. Positions are in CSS pixels; the context is scaled to the screen.

const LIGHT = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]; // Okabe and Ito
const DARK = ["#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#F0E442"]; // the same, those that show on black first
const DASHES = [[], [6, 3], [2, 2], [9, 3, 2, 3], [4, 1], [1, 1]];

// JupyterLab and Notebook say in the body whether they are dark, Visual Studio Code by its class.
const isDark = ({ dataset, classList }) => dataset.jpThemeLight === "false" || ["vscode-dark", "vscode-high-contrast"].some((name) => classList.contains(name));

function theme() {
  const style = getComputedStyle(document.body);
  const pick = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
  const dark = isDark(document.body);
  return {
    mark: dark ? "#F0E442" : "#B5179E", band: dark ? "rgba(240, 228, 66, 0.28)" : "rgba(181, 23, 158, 0.2)",
    ink: pick("--jp-ui-font-color1", dark ? "#eee" : "#222"), faint: pick("--jp-ui-font-color2", dark ? "#bbb" : "#555"),
    rule: pick("--jp-border-color2", dark ? "#444" : "#ddd"), lines: dark ? DARK : LIGHT, dark,
    font: pick("--jp-ui-font-family", "system-ui, sans-serif"),
  };
}

// Colours of JupyterLab that a page without them has none of: a dark page needs dark ones.
const WITHOUT = {
  "--jp-ui-font-color1": ["#222", "#eee"], "--jp-ui-font-color2": ["#555", "#bbb"], "--jp-layout-color1": ["#fff", "#1e1e1e"],
  "--jp-layout-color2": ["#eee", "#333"], "--jp-layout-color3": ["#ddd", "#444"], "--jp-border-color1": ["#bbb", "#555"],
};

function dress(root, look) {
  for (const [name, colors] of Object.entries(WITHOUT)) {
    const there = getComputedStyle(document.body).getPropertyValue(name).trim();
    if (there) root.style.removeProperty(name);
    else root.style.setProperty(name, colors[Number(look.dark)]);
  }
  root.style.colorScheme = look.dark ? "dark" : "light";
}

// Calls again whenever the page gets more or fewer pixels to an inch: zoomed, or moved to another screen.
function whenSharper(changed) {
  let query = null;
  const listen = () => {
    query = matchMedia(`(resolution: ${window.devicePixelRatio || 1}dppx)`);
    query.addEventListener("change", again, { once: true });
  };
  const again = () => { changed(); listen(); };
  listen();
  return { end: () => query.removeEventListener("change", again) };
}

const short = (value) => String(Number(value.toPrecision(4))).replace("-", "−");

// All digits of a round number: of times far back and close together.
const exactly = (value) => String(Number(value.toPrecision(10))).replace("-", "−");

// Round numbers within [low, high]; whole ones where things are counted.
function ticks(low, high, wanted, whole = false) {
  const raw = whole ? Math.max(1, (high - low) / wanted) : (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = (whole ? [1, 2, 5, 10] : [1, 2, 2.5, 5, 10]).map((m) => m * power).find((s) => s >= raw * 0.999);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-6); i * step <= high + step * 1e-6; i++) found.push(i * step);
  return found;
}

function write(ctx, words, x, y, { color, align = "left", base = "middle", turn = 0 }) {
  ctx.save();
  ctx.translate(x, y);
  ctx.rotate(turn);
  Object.assign(ctx, { fillStyle: color, textAlign: align, textBaseline: base });
  ctx.fillText(words, 0, 0);
  ctx.restore();
}

function stroke(ctx, color, points, width = 1, dash = []) {
  ctx.strokeStyle = color;
  ctx.lineWidth = width;
  ctx.setLineDash(dash);
  ctx.beginPath();
  points.forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
  ctx.stroke();
  ctx.setLineDash([]);
}

const strokeLine = (ctx, look, i, points) => stroke(ctx, look.lines[i % 6], points, 1.5, DASHES[i % 6]);
