// A chart: a picture with an x and a y axis of its own, and series of points in it, told apart by colour, dashes and a legend.
//
// panel.series: [{ kind, name, words }]        of each, data has the arrays x0, y0, x1, y1, ... and all share data.limits
//   line     a line through the points, broken where a number is missing        points   a dot at each
//   bars     x: the edges, one more than heights; y: the heights                upright  a line from bottom to top at each x
//   marker   a big dot at each, with words beside it, in which {x} and {y} stand for its numbers

const LEGEND_ROW = 16;

// The legend, above the data in as many rows as it needs, and the box that is left for the data.
function chartFrame(ctx, box, panel, look) {
  ctx.font = `11px ${look.font}`;
  const entries = [];
  let x = 0, rows = 0;
  panel.series.forEach(({ kind, name }, index) => {
    if (!name) return;
    const width = 27 + ctx.measureText(name).width;
    if (!rows || x + width > box.w) [x, rows] = [0, rows + 1];
    entries.push({ kind, name, index, x: box.x + x, y: box.y + (rows - 0.5) * LEGEND_ROW });
    x += width + 14;
  });
  const high = entries.length > 1 ? rows * LEGEND_ROW + 4 : 0; // one series needs no name
  return { ...box, y: box.y + high, h: box.h - high, entries: high ? entries : [] };
}

// From numbers to pixels.
function chartScale(frame, [left, right, low, high]) {
  return {
    x: (value) => frame.x + ((value - left) / (right - left)) * frame.w,
    y: (value) => frame.y + frame.h - ((value - low) / (high - low)) * frame.h,
    inside: (x, y) => x >= left && x <= right && y >= low && y <= high,
  };
}

function paintDot(ctx, x, y, radius, color) {
  ctx.fillStyle = color;
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fill();
}

// Words beside a mark, on the side where there is room, on a ground that lines do not shine through.
function paintWords(ctx, words, x, y, frame, look) {
  const width = ctx.measureText(words).width, right = x + width + 14 < frame.x + frame.w;
  const from = right ? x + 9 : Math.max(frame.x + 2, x - 9 - width);
  const middle = Math.min(Math.max(y - 16, frame.y + 8), frame.y + frame.h - 8);
  ctx.fillStyle = look.dark ? "rgba(17, 17, 17, 0.8)" : "rgba(255, 255, 255, 0.85)";
  ctx.fillRect(from - 2, middle - 8, width + 4, 16);
  write(ctx, words, from, middle, { color: look.ink });
}

const CHARTED = {
  line(ctx, { x, y }, at, look, index) {
    let part = [];
    const finish = () => { if (part.length > 1) strokeLine(ctx, look, index, part); part = []; };
    for (let i = 0; i < x.length; i++) {
      if (x[i] === x[i] && y[i] === y[i]) part.push([at.x(x[i]), at.y(y[i])]);
      else finish();
    }
    finish();
  },
  points(ctx, { x, y }, at, look, index) {
    for (let i = 0; i < x.length; i++) paintDot(ctx, at.x(x[i]), at.y(y[i]), 3, look.lines[index % 6]);
  },
  bars(ctx, { x, y }, at, look, index) {
    ctx.fillStyle = look.lines[index % 6];
    const ground = at.y(0);
    for (let i = 0; i < y.length; i++) {
      const from = at.x(x[i]), width = at.x(x[i + 1]) - from, gap = width > 4 ? 1 : 0;
      ctx.fillRect(from + gap / 2, at.y(y[i]), width - gap, ground - at.y(y[i]));
    }
  },
  upright(ctx, { x }, at, look, index, frame) {
    for (const value of x) strokeLine(ctx, look, index, [[at.x(value), frame.y], [at.x(value), frame.y + frame.h]]);
  },
  marker() {}, // above everything else, and never cut: below
};

function paintMarkers(ctx, { x, y }, at, look, index, frame, words) {
  for (let i = 0; i < x.length; i++) {
    if (!at.inside(x[i], y[i])) continue;
    paintDot(ctx, at.x(x[i]), at.y(y[i]), 6.5, look.ink);
    paintDot(ctx, at.x(x[i]), at.y(y[i]), 5, look.lines[index % 6]);
    if (words) paintWords(ctx, words.replace("{x}", short(x[i])).replace("{y}", short(y[i])), at.x(x[i]), at.y(y[i]), frame, look);
  }
}

function paintLegendEntry(ctx, { kind, name, index, x, y }, look) {
  const color = look.lines[index % 6];
  if (kind === "line") strokeLine(ctx, look, index, [[x, y], [x + 22, y]]);
  if (kind === "upright") strokeLine(ctx, look, index, [[x + 11, y - 7], [x + 11, y + 7]]);
  if (kind === "points") paintDot(ctx, x + 11, y, 3, color);
  if (kind === "marker") paintDot(ctx, x + 11, y, 5, color);
  if (kind === "bars") {
    ctx.fillStyle = color;
    ctx.fillRect(x + 3, y - 5, 16, 10);
  }
  write(ctx, name, x + 27, y, { color: look.ink });
}

KINDS.chart = {
  around: { left: 62, right: 16, bottom: 40 },
  size: (panel, wide, tall) => [wide, Math.min(Math.max(tall, 120), 280)], // it has no shape of its own
  axes(ctx, box, panel, { limits }, scene, look) {
    const frame = chartFrame(ctx, box, panel, look), at = chartScale(frame, limits), foot = frame.y + frame.h;
    paintValueAxis(ctx, frame, panel.y, limits.slice(2), look, { grid: true, whole: panel.whole });
    for (const value of ticks(limits[0], limits[1], frame.w / 55)) {
      const x = Math.round(at.x(value)) - 0.5;
      stroke(ctx, look.faint, [[x, foot], [x, foot + 4]]);
      write(ctx, short(value), x, foot + 12, { color: look.faint, align: "center" });
    }
    write(ctx, panel.x, frame.x + frame.w / 2, foot + 28, { color: look.faint, align: "center" });
    for (const entry of frame.entries) paintLegendEntry(ctx, entry, look);
  },
  paint(ctx, box, panel, data, scene, look) {
    const frame = chartFrame(ctx, box, panel, look), at = chartScale(frame, data.limits);
    box.frame = frame; // where the pointer looks
    const points = panel.series.map((_, i) => ({ x: data[`x${i}`], y: data[`y${i}`] }));
    ctx.save();
    ctx.beginPath();
    ctx.rect(frame.x, frame.y - 1, frame.w + 1, frame.h + 2);
    ctx.clip();
    panel.series.forEach(({ kind }, i) => CHARTED[kind](ctx, points[i], at, look, i, frame));
    ctx.restore();
    panel.series.forEach(({ kind, words }, i) => { if (kind === "marker") paintMarkers(ctx, points[i], at, look, i, frame, words); });
  },
};
