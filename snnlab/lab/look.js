// How things look: colours, dashes, words and lines. Positions are in CSS pixels; the context is scaled to the screen.

const LIGHT = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]; // Okabe and Ito
const DARK = ["#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#F0E442"]; // the same, those that show on black first
const DASHES = [[], [6, 3], [2, 2], [9, 3, 2, 3], [4, 1], [1, 1]];

function theme() {
  const style = getComputedStyle(document.body);
  const pick = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
  const dark = document.body.dataset.jpThemeLight === "false";
  return {
    ink: pick("--jp-ui-font-color1", dark ? "#eee" : "#222"), faint: pick("--jp-ui-font-color2", dark ? "#bbb" : "#555"),
    rule: pick("--jp-border-color2", dark ? "#444" : "#ddd"), lines: dark ? DARK : LIGHT, dark,
    font: pick("--jp-ui-font-family", "system-ui, sans-serif"),
  };
}

const short = (value) => String(Number(value.toPrecision(4))).replace("-", "−");

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
