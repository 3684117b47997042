// A raster: a mark for each spike, written as blocks of pixels straight into an image: 20,000 of them cost no more than 20.
//
// Spikes come as bits (spikebits.py), each of a step and `each` neurons. Where bits are more than rows of pixels, several share a row.

// How the bits of a step lie in bytes, and in so many rows of pixels: bytes a step, bits a row, rows, neurons a row.
function rasterRows(panel, pixels) {
  const all = Math.ceil(panel.rows / panel.each), shared = Math.ceil(all / pixels) || 1;
  return { bytes: Math.ceil(all / 8), shared, rows: Math.ceil(all / shared), neurons: panel.each * shared };
}

// Whether this neuron fired in a step of the window, or another that shares its bit.
function rasterSpike(panel, bits, step, neuron) {
  const bit = Math.floor(neuron / panel.each);
  return Boolean((bits[step * Math.ceil(panel.rows / panel.each / 8) + (bit >> 3)] >> (bit & 7)) & 1);
}

KINDS.raster = {
  height: 132,
  axes(ctx, box, panel, data, scene, look, titleEnd) {
    paintTimeAxis(ctx, box, scene, look);
    paintValueAxis(ctx, box, panel.label, [-0.5, panel.rows - 0.5], look, { whole: true });
    const { neurons } = rasterRows(panel, Math.round(box.h * ctx.getTransform().a));
    if (neurons === 1) return;
    const words = [`each row of pixels: ${neurons} ${panel.label}s`, `${neurons} ${panel.label}s a row`];
    const fitting = words.find((said) => ctx.measureText(said).width < box.x + box.w - titleEnd - 12) ?? `${neurons} a row`;
    write(ctx, fitting, box.x + box.w, box.y - 12, { color: look.faint, align: "right" });
  },
  paint(ctx, box, panel, { bits }, scene, look) {
    const ratio = ctx.getTransform().a;
    const w = Math.round(box.w * ratio), h = Math.round(box.h * ratio);
    if (!box.image || box.image.width !== w) box.image = new ImageData(w, h);
    const pixels = new Uint32Array(box.image.data.buffer).fill(0);
    const ink = look.dark ? 0xffffffff : 0xff222222;
    const { bytes, shared, rows, neurons } = rasterRows(panel, h);
    const [from, to] = timeInView(scene), [first, end] = stepsInView(scene);
    const across = w / (to - from), down = h / rows;
    const wide = Math.max(1, Math.min(Math.round(across), Math.round(2 * ratio)));
    const least = panel.rows <= 250 ? 3 : 1; // a mark that can be seen, even where it covers a neighbour's row
    const tall = Math.max(Math.round(least * ratio), Math.min(Math.floor(down * 0.9), Math.round(12 * ratio)));
    const band = neurons === 1
      ? (row) => { const top = Math.max(0, Math.floor(h - (row + 0.5) * down - tall / 2)); return [top, Math.min(h, top + tall)]; }
      : (row) => [h - Math.round((row + 1) * down), h - Math.round(row * down)]; // no mark covers another's row
    const bands = Array.from({ length: rows }, (_, row) => band(row));
    for (let step = first, at = first * bytes; step < end; step++) {
      const middle = Math.floor((step + 0.5 - from) * across - wide / 2);
      if (middle + wide <= 0 || middle >= w) { at += bytes; continue; } // only a part of this step is in view, without its mark
      const x = Math.max(0, Math.min(w - wide, middle));
      for (let byte = 0; byte < bytes; byte++) {
        for (let left = bits[at++]; left; left &= left - 1) { // each turn takes the lowest bit away
          const bit = 8 * byte + 31 - Math.clz32(left & -left);
          const [top, foot] = bands[Math.floor(bit / shared)];
          for (let y = top; y < foot; y++) for (let column = x; column < x + wide; column++) pixels[y * w + column] = ink;
        }
      }
    }
    ctx.putImageData(box.image, Math.round(box.x * ratio), Math.round(box.y * ratio));
  },
};
