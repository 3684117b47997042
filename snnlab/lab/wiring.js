// Wiring: groups of neurons as boxes, connections as arrows, across the whole width. A box lights up with the share of its neurons that
// spiked in the last step, and says how many they are: it is not told by colour alone.

// Words smaller than they are, where the boxes are small.
const wiringFont = (box, look, bold = "") => `${bold} ${Math.max(8, Math.min(11.5, box.scale * 0.145))}px ${look.font}`;

function wiringArrow(ctx, box, { points, dashed }, color) {
  const [[x, y], [a, b], [u, v]] = points.map(([across, down]) => [box.x + across * box.scale, box.y + down * box.scale]);
  const turn = Math.atan2(v - b, u - a), long = 8;
  Object.assign(ctx, { strokeStyle: color, fillStyle: color, lineWidth: 1.2 });
  ctx.setLineDash(dashed ? [5, 3] : []);
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.quadraticCurveTo(a, b, u - Math.cos(turn) * (long - 1), v - Math.sin(turn) * (long - 1));
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.beginPath();
  for (const aside of [0, 0.42, -0.42]) {
    const away = aside ? long / Math.cos(0.42) : 0;
    ctx.lineTo(u - Math.cos(turn + aside) * away, v - Math.sin(turn + aside) * away);
  }
  ctx.fill();
}

function wiringRectangle(ctx, box, panel, { at }) {
  const [w, h] = panel.box.map((inches) => inches * box.scale);
  const [x, y] = [box.x + at[0] * box.scale - w / 2, box.y + at[1] * box.scale - h / 2];
  ctx.beginPath();
  ctx.roundRect(x, y, w, h, 0.1 * box.scale);
  return [x + w / 2, y, h];
}

KINDS.wiring = {
  across: (panel) => [panel.across, panel.down],
  axes(ctx, box, panel, data, scene, look) {
    for (const arrow of panel.arrows) {
      wiringArrow(ctx, box, arrow, look.faint);
      if (!arrow.label) continue;
      ctx.font = wiringFont(box, look);
      const lines = arrow.label.split("\n"), high = Math.max(10, box.scale * 0.165);
      const first = arrow.where === "bottom" ? -lines.length + 0.5 : arrow.where === "top" ? 0.5 : (1 - lines.length) / 2;
      const [x, y] = [box.x + arrow.at[0] * box.scale, box.y + arrow.at[1] * box.scale];
      lines.forEach((words, line) => {
        const middle = y + (first + line) * high, half = ctx.measureText(words).width / 2 + 2;
        ctx.clearRect(x - half, middle - high / 2, 2 * half, high); // an arrow does not run through its words
        write(ctx, words, x, middle, { color: look.ink, align: "center" });
      });
    }
  },
  paint(ctx, box, panel, { counts }, scene, look) {
    panel.boxes.forEach((each, index) => {
      const count = counts[index], known = count === count;
      const [middle, top, high] = wiringRectangle(ctx, box, panel, each);
      const [color, least, most] = look.dark ? ["86, 180, 233", 0.08, 0.6] : ["0, 114, 178", 0.06, 0.5];
      ctx.fillStyle = `rgba(${color}, ${least + (most - least) * Math.sqrt(known ? count / each.size : 0)})`; // few spikes are seen, too
      ctx.fill();
      Object.assign(ctx, { strokeStyle: look.lines[0], lineWidth: known && count ? 2 : 1 });
      ctx.stroke();
      const share = Math.round((100 * count) / each.size);
      const words = [each.name, each.words, known ? `${count.toLocaleString("en")} spiked · ${share} %` : "not run"];
      words.forEach((said, line) => {
        ctx.font = wiringFont(box, look, line ? "" : "600");
        write(ctx, said, middle, top + high * (0.21 + 0.29 * line), { color: look.ink, align: "center" });
      });
    });
  },
  find(box, panel, { counts }, scene, x, y) {
    const [w, h] = panel.box.map((inches) => inches * box.scale / 2);
    const index = panel.boxes.findIndex(({ at }) => Math.abs(box.x + at[0] * box.scale - x) <= w && Math.abs(box.y + at[1] * box.scale - y) <= h);
    if (index < 0) return null;
    const { name, size, words } = panel.boxes[index], count = counts[index];
    return { name: `${name} (${words})`, value: count === count ? `${count} of ${size} spiked in the last step` : "not run" };
  },
};
