// Fields: small pictures in a grid, with a bar of their colours.

KINDS.fields = {
  around: { left: 0, right: 74, bottom: 10 },
  size: (panel) => [panel.columns * (panel.width + 1) - 1, Math.ceil(panel.count / panel.columns) * (panel.height + 1) - 1],
  axes(ctx, box, panel, { limits }, scene, look) {
    paintBar(ctx, box, panel, limits, scene, look);
  },
  paint(ctx, box, panel, { fields, limits: [low] }, scene) {
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
    ctx.imageSmoothingEnabled = box.across > box.w * ctx.getTransform().a; // with more weights than pixels, a pixel is their mean
    ctx.imageSmoothingQuality = "medium";
    ctx.drawImage(box.canvas, box.x, box.y, box.w, box.h);
  },
};
