// A heat map: one column a step, low values below; shade 0 is a step before the first.

KINDS.heat = {
  height: 120,
  axes(ctx, box, panel, { limits }, scene, look) {
    paintTimeAxis(ctx, box, scene, look);
    paintValueAxis(ctx, box, panel.label, limits, look);
  },
  paint(ctx, box, panel, { shades }, scene) {
    if (!box.canvas) {
      box.canvas = new OffscreenCanvas(scene.window, panel.rows);
      box.picture = new ImageData(scene.window, panel.rows);
    }
    const pixels = new Uint32Array(box.picture.data.buffer);
    const colors = scene.maps.sequential.abgr;
    const [first, end] = stepsInView(scene), [from, to] = timeInView(scene);
    for (let t = first; t < end; t++) {
      for (let row = 0; row < panel.rows; row++) {
        const shade = shades[t * panel.rows + row];
        pixels[(panel.rows - 1 - row) * scene.window + t] = shade ? colors[shade] : 0;
      }
    }
    box.canvas.getContext("2d").putImageData(box.picture, 0, 0);
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(box.canvas, from, 0, to - from, panel.rows, box.x, box.y, box.w, box.h);
  },
};
