// Painting: a scene's axes, drawn once, and its data, drawn at every frame.

function paintAxes(ctx, place, scene, data, look) {
  ctx.clearRect(0, 0, place.width, place.height);
  ctx.lineWidth = 1;
  scene.panels.forEach((panel, index) => {
    const box = place.boxes.get(panel);
    ctx.font = `600 12px ${look.font}`;
    write(ctx, panel.title, box.x, box.y - 12, { color: look.ink });
    const titleEnd = box.x + ctx.measureText(panel.title).width;
    ctx.font = `11px ${look.font}`;
    KINDS[panel.kind].axes(ctx, box, panel, data[index], scene, look, titleEnd);
  });
}

function paintData(ctx, place, scene, data, look) {
  ctx.clearRect(0, 0, place.width, place.height);
  scene.panels.forEach((panel, index) => KINDS[panel.kind].paint(ctx, place.boxes.get(panel), panel, data[index], scene, look));
}
