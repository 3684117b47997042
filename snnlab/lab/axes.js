// Axes: what stands around a panel's data, drawn again only when a limit changes.

// Ticks of a panel over time; the numbers stand under the last of them.
function paintTimeAxis(ctx, box, scene, look) {
  const [low, high] = timeInView(scene).map((step) => (step - scene.window) * scene.step_time);
  for (const value of ticks(low, high, box.w / 80)) {
    const x = Math.round(box.x + ((value - low) / (high - low)) * box.w) - 0.5;
    stroke(ctx, look.faint, [[x, box.y + box.h], [x, box.y + box.h + 4]]);
    if (box.last) write(ctx, exactly(value), x, box.y + box.h + 12, { color: look.faint, align: x > box.x + box.w - 12 ? "right" : "center" });
  }
  if (box.last) write(ctx, "time before now (ms)", box.x + box.w / 2, box.y + box.h + 27, { color: look.faint, align: "center" });
}

// Ticks and numbers of the upright axis, its name, and the frame of both axes.
function paintValueAxis(ctx, box, label, [low, high], look, { grid = false, whole = false } = {}) {
  for (const value of ticks(low, high, box.h / 30, whole)) {
    const y = Math.round(box.y + box.h - ((value - low) / (high - low)) * box.h) + 0.5;
    if (grid) stroke(ctx, look.rule, [[box.x, y], [box.x + box.w, y]]);
    stroke(ctx, look.faint, [[box.x - 4, y], [box.x, y]]);
    write(ctx, short(value), box.x - 7, y, { color: look.faint, align: "right" });
  }
  stroke(ctx, look.faint, [[box.x - 0.5, box.y], [box.x - 0.5, box.y + box.h + 0.5], [box.x + box.w, box.y + box.h + 0.5]]);
  write(ctx, label, box.x - 52, box.y + box.h / 2, { color: look.faint, align: "center", turn: -Math.PI / 2 });
}

function paintLegend(ctx, box, panel, from, look) {
  const room = box.x + box.w - from - 20;
  const full = panel.names.reduce((sum, name) => sum + ctx.measureText(name).width + 42, 0);
  const names = full <= room ? panel.names : panel.names.map((name) => name.replace(/^(neuron|synapse) /, ""));
  let x = box.x + box.w;
  for (let i = names.length - 1; i >= 0; i--) {
    x -= ctx.measureText(names[i]).width;
    if (x - 28 < from + 8) return;
    write(ctx, names[i], x, box.y - 12, { color: look.ink });
    strokeLine(ctx, look, i, [[x - 28, box.y - 12], [x - 5, box.y - 12]]);
    x -= 42;
  }
}

// The colours of a picture, with their values.
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
