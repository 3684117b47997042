// Painting: a scene's axes, drawn once, and its data, drawn at every frame. Positions are in CSS pixels; the context is scaled to the screen.

const LIGHT = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]; // Okabe and Ito
const DARK = ["#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#F0E442"]; // the same, those that show on black first
const DASHES = [[], [6, 3], [2, 2], [9, 3, 2, 3], [4, 1], [1, 1]];
const MARGIN = { left: 62, right: 10, title: 24, axis: 36, bar: 74 };
const HEIGHTS = { raster: 132, traces: 96, heat: 120 };

// Where everything lies: panels over time in the left column, fields in the right; in one column where the page is narrow.
function layOut(scene, width) {
  const time = scene.panels.filter((panel) => panel.kind !== "fields");
  const images = scene.panels.filter((panel) => panel.kind === "fields");
  const two = time.length > 0 && images.length > 0 && width >= 620;
  const left = two ? Math.round(width * 0.6) : width;
  const boxes = new Map();
  let y = 0;
  time.forEach((panel, index) => {
    const tall = time.length === 1 ? 1.7 : time.length === 2 ? 1.25 : 1;
    const box = { x: MARGIN.left, y: y + MARGIN.title, w: left - MARGIN.left - MARGIN.right, h: Math.round(HEIGHTS[panel.kind] * tall) };
    box.last = index === time.length - 1;
    boxes.set(panel, box);
    y = box.y + box.h + (box.last ? MARGIN.axis : 8);
  });
  const x0 = two ? left + 14 : 10;
  let top = two ? 0 : y;
  for (const panel of images) {
    const across = panel.columns * (panel.width + 1) - 1;
    const down = Math.ceil(panel.count / panel.columns) * (panel.height + 1) - 1;
    const room = { w: (two ? width - left : width) - 24 - MARGIN.bar, h: two ? Math.max(y, 300) / images.length - MARGIN.title - 8 : 420 };
    const scale = Math.min(room.w / across, room.h / down);
    boxes.set(panel, { x: x0, y: top + MARGIN.title, w: across * scale, h: down * scale, across, down });
    top += MARGIN.title + down * scale + 10;
  }
  return { boxes, width, height: Math.ceil(Math.max(y, top)) };
}

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

function paintAxes(ctx, place, scene, data, look) {
  ctx.clearRect(0, 0, place.width, place.height);
  ctx.lineWidth = 1;
  scene.panels.forEach((panel, index) => {
    const box = place.boxes.get(panel);
    ctx.font = `600 12px ${look.font}`;
    write(ctx, panel.title, box.x, box.y - 12, { color: look.ink });
    const titleEnd = box.x + ctx.measureText(panel.title).width;
    ctx.font = `11px ${look.font}`;
    if (panel.kind === "fields") return paintBar(ctx, box, panel, data[index].limits, scene, look);
    paintTimeAxis(ctx, box, scene, look);
    const [low, high] = panel.kind === "raster" ? [-0.5, panel.rows - 0.5] : data[index].limits;
    for (const value of ticks(low, high, box.h / 30, panel.kind === "raster")) {
      const y = Math.round(box.y + box.h - ((value - low) / (high - low)) * box.h) + 0.5;
      if (panel.kind === "traces") stroke(ctx, look.rule, [[box.x, y], [box.x + box.w, y]]);
      stroke(ctx, look.faint, [[box.x - 4, y], [box.x, y]]);
      write(ctx, short(value), box.x - 7, y, { color: look.faint, align: "right" });
    }
    stroke(ctx, look.faint, [[box.x - 0.5, box.y], [box.x - 0.5, box.y + box.h + 0.5], [box.x + box.w, box.y + box.h + 0.5]]);
    write(ctx, panel.label, 10, box.y + box.h / 2, { color: look.faint, align: "center", turn: -Math.PI / 2 });
    if (panel.kind === "traces") paintLegend(ctx, box, panel, titleEnd, look);
  });
}

function paintTimeAxis(ctx, box, scene, look) {
  const span = scene.window * scene.step_time;
  for (const value of ticks(-span, 0, box.w / 80)) {
    const x = Math.round(box.x + box.w + (value / span) * box.w) - 0.5;
    stroke(ctx, look.faint, [[x, box.y + box.h], [x, box.y + box.h + 4]]);
    if (box.last) write(ctx, short(value), x, box.y + box.h + 12, { color: look.faint, align: value === 0 ? "right" : "center" });
  }
  if (box.last) write(ctx, "time before now (ms)", box.x + box.w / 2, box.y + box.h + 27, { color: look.faint, align: "center" });
}

function paintLegend(ctx, box, panel, from, look) {
  const room = box.x + box.w - from - 20;
  const full = panel.names.reduce((sum, name) => sum + ctx.measureText(name).width + 42, 0);
  const names = full <= room ? panel.names : panel.names.map((name) => name.replace("neuron ", ""));
  let x = box.x + box.w;
  for (let i = names.length - 1; i >= 0; i--) {
    x -= ctx.measureText(names[i]).width;
    if (x - 28 < from + 8) return;
    write(ctx, names[i], x, box.y - 12, { color: look.ink });
    strokeLine(ctx, look, i, [[x - 28, box.y - 12], [x - 5, box.y - 12]]);
    x -= 42;
  }
}

function paintBar(ctx, box, panel, [low, high], scene, look) {
  const x = box.x + box.w + 10;
  const colors = scene.maps[low < 0 ? "diverging" : "sequential"];
  for (let i = 0; i < box.h; i++) {
    const [r, g, b] = colors.rgb[Math.min(255, Math.floor((256 * i) / box.h))];
    ctx.fillStyle = `rgb(${r},${g},${b})`;
    ctx.fillRect(x, box.y + box.h - i - 1, 11, 1.5);
  }
  for (const value of ticks(low, high, Math.min(5, box.h / 30))) {
    const y = box.y + box.h - ((value - low) / (high - low)) * box.h;
    stroke(ctx, look.faint, [[x + 11, y], [x + 14, y]]);
    write(ctx, short(value), x + 17, y, { color: look.faint });
  }
  write(ctx, panel.label, x + 56, box.y + box.h / 2, { color: look.faint, align: "center", turn: -Math.PI / 2 });
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

function paintData(ctx, place, scene, data, look) {
  ctx.clearRect(0, 0, place.width, place.height);
  scene.panels.forEach((panel, index) => PAINT[panel.kind](ctx, place.boxes.get(panel), panel, data[index], scene, look));
}

const PAINT = {
  // Spikes as blocks of pixels written straight into an image: 20,000 of them cost no more than 20.
  raster(ctx, box, panel, { spikes }, scene, look) {
    const ratio = ctx.getTransform().a;
    const w = Math.round(box.w * ratio), h = Math.round(box.h * ratio);
    if (!box.image || box.image.width !== w) box.image = new ImageData(w, h);
    const pixels = new Uint32Array(box.image.data.buffer).fill(0);
    const ink = look.dark ? 0xffffffff : 0xff222222;
    const across = w / scene.window, down = h / panel.rows;
    const wide = Math.max(1, Math.min(Math.round(across), Math.round(2 * ratio)));
    const least = panel.rows <= 250 ? 3 : 1; // a mark that can be seen, even where it covers a neighbour's row
    const tall = Math.max(Math.round(least * ratio), Math.min(Math.floor(down * 0.9), Math.round(12 * ratio)));
    for (let i = 0; i < spikes.length; i += 2) {
      const x = Math.min(w - wide, Math.floor((spikes[i] + 0.5) * across - wide / 2));
      const y = Math.max(0, Math.floor(h - (spikes[i + 1] + 0.5) * down - tall / 2));
      for (let row = y; row < Math.min(h, y + tall); row++) pixels.fill(ink, row * w + Math.max(0, x), row * w + x + wide);
    }
    ctx.putImageData(box.image, Math.round(box.x * ratio), Math.round(box.y * ratio));
  },
  traces(ctx, box, panel, { values, limits: [low, high] }, scene, look) {
    const count = panel.names.length;
    ctx.save();
    ctx.beginPath();
    ctx.rect(box.x, box.y - 1, box.w, box.h + 2);
    ctx.clip();
    const scale = box.h / (high - low), step = box.w / scene.window;
    for (let line = 0; line < count; line++) {
      ctx.strokeStyle = look.lines[line % 6];
      ctx.setLineDash(DASHES[line % 6]);
      ctx.lineWidth = 1.5;
      ctx.beginPath();
      let drawing = false;
      for (let t = 0; t < scene.window; t++) {
        const value = values[t * count + line];
        const known = value === value;
        if (known) ctx[drawing ? "lineTo" : "moveTo"](box.x + (t + 0.5) * step, box.y + box.h - (value - low) * scale);
        drawing = known;
      }
      ctx.stroke();
    }
    ctx.restore();
  },
  // One column a step, low values below; shade 0 is a step before the first.
  heat(ctx, box, panel, { shades }, scene) {
    if (!box.canvas) {
      box.canvas = new OffscreenCanvas(scene.window, panel.rows);
      box.picture = new ImageData(scene.window, panel.rows);
    }
    const pixels = new Uint32Array(box.picture.data.buffer);
    const colors = scene.maps.sequential.abgr;
    for (let t = 0; t < scene.window; t++) {
      for (let row = 0; row < panel.rows; row++) {
        const shade = shades[t * panel.rows + row];
        pixels[(panel.rows - 1 - row) * scene.window + t] = shade ? colors[shade] : 0;
      }
    }
    box.canvas.getContext("2d").putImageData(box.picture, 0, 0);
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(box.canvas, box.x, box.y, box.w, box.h);
  },
  fields(ctx, box, panel, { fields, limits: [low] }, scene) {
    if (!box.canvas) {
      box.canvas = new OffscreenCanvas(box.across, box.down);
      box.picture = new ImageData(box.across, box.down);
    }
    const pixels = new Uint32Array(box.picture.data.buffer);
    const colors = scene.maps[low < 0 ? "diverging" : "sequential"].abgr;
    let at = 0;
    for (let n = 0; n < panel.count; n++) {
      const corner = Math.floor(n / panel.columns) * (panel.height + 1) * box.across + (n % panel.columns) * (panel.width + 1);
      for (let y = 0; y < panel.height; y++) {
        for (let x = 0; x < panel.width; x++) pixels[corner + y * box.across + x] = colors[fields[at++]];
      }
    }
    box.canvas.getContext("2d").putImageData(box.picture, 0, 0);
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(box.canvas, box.x, box.y, box.w, box.h);
  },
};
