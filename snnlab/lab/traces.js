// Traces: lines over time, told apart by colour and dashes.
//
// A browser that draws without a graphics card takes six times as long for a line wider than one pixel of the screen. So a line of
// 1.5 is drawn as fine ones, one below the other.

// One of `count` lines, with one step more at either end than is in view, so that it leads out of the picture; a gap where a value is unknown.
function traceLine(ctx, box, { values, limits: [low, high] }, count, line, scene) {
  const [first, end] = stepsInView(scene), [from, to] = timeInView(scene);
  const scale = box.h / (high - low), wide = box.w / (to - from);
  let drawing = false;
  ctx.beginPath();
  for (let t = Math.max(0, first - 1); t < Math.min(scene.window, end + 1); t++) {
    const value = values[t * count + line];
    const known = value === value;
    if (known) ctx[drawing ? "lineTo" : "moveTo"](box.x + (t + 0.5 - from) * wide, box.y + box.h - (value - low) * scale);
    drawing = known;
  }
  ctx.stroke();
}

function fineLines(ctx, draw) {
  const fine = 1 / ctx.getTransform().a, count = Math.max(2, Math.round(1.5 / fine));
  ctx.lineWidth = fine;
  for (let i = 0; i < count; i++) draw((box) => ({ ...box, y: box.y + (1.5 - fine) * (i / (count - 1) - 0.5) }));
}

KINDS.traces = {
  height: 96,
  axes(ctx, box, panel, { limits }, scene, look, titleEnd) {
    paintTimeAxis(ctx, box, scene, look);
    paintValueAxis(ctx, box, panel.label, limits, look, { grid: true });
    paintLegend(ctx, box, panel, titleEnd, look);
  },
  paint(ctx, box, panel, data, scene, look) {
    ctx.save();
    ctx.beginPath();
    ctx.rect(box.x, box.y - 1, box.w, box.h + 2);
    ctx.clip();
    for (let line = 0; line < panel.names.length; line++) {
      ctx.strokeStyle = look.lines[line % 6];
      ctx.setLineDash(DASHES[line % 6]);
      fineLines(ctx, (shifted) => traceLine(ctx, shifted(box), data, panel.names.length, line, scene));
    }
    ctx.restore();
  },
};
