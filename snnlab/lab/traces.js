// Traces: lines over time, told apart by colour and dashes.

KINDS.traces = {
  height: 96,
  axes(ctx, box, panel, { limits }, scene, look, titleEnd) {
    paintTimeAxis(ctx, box, scene, look);
    paintValueAxis(ctx, box, panel.label, limits, look, { grid: true });
    paintLegend(ctx, box, panel, titleEnd, look);
  },
  paint(ctx, box, panel, { values, limits: [low, high] }, scene, look) {
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
};
