// A raster: a mark for each spike, written as blocks of pixels straight into an image: 20,000 of them cost no more than 20.

KINDS.raster = {
  height: 132,
  axes(ctx, box, panel, data, scene, look) {
    paintTimeAxis(ctx, box, scene, look);
    paintValueAxis(ctx, box, panel.label, [-0.5, panel.rows - 0.5], look, { whole: true });
  },
  paint(ctx, box, panel, { spikes }, scene, look) {
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
};
