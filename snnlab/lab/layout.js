// Where everything lies: panels over time in the left column, pictures in the right; in one column where the page is narrow. A panel that
// reaches across both stands above them.

const MARGIN = { left: 62, right: 10, title: 24, axis: 36 };

// The kinds of panels, a file each. A kind over time has a height; a picture has a size, in units of its own, and room to leave around it.
// A kind that reaches across everything has a width and a height in inches.
//   axes(ctx, box, panel, data, scene, look, titleEnd)   drawn once        paint(ctx, box, panel, data, scene, look)   drawn at every frame
const KINDS = {};

function layOut(scene, width) {
  const time = scene.panels.filter((panel) => KINDS[panel.kind].height);
  const strips = scene.panels.filter((panel) => KINDS[panel.kind].across);
  const pictures = scene.panels.filter((panel) => !time.includes(panel) && !strips.includes(panel));
  const two = time.length > 0 && pictures.length > 0 && width >= 620;
  const left = two ? Math.round(width * 0.6) : width;
  const boxes = new Map();
  let y = 0;
  for (const panel of strips) { // sizes are in inches
    const [across, down] = KINDS[panel.kind].across(panel), scale = Math.min(80, (width - 20) / across);
    boxes.set(panel, { x: 10, y: y + MARGIN.title, w: across * scale, h: down * scale, scale });
    y += MARGIN.title + down * scale + 8;
  }
  const below = y;
  time.forEach((panel, index) => {
    const tall = time.length === 1 ? 1.7 : time.length === 2 ? 1.25 : 1;
    const height = Math.round(KINDS[panel.kind].height * tall);
    const box = { x: MARGIN.left, y: y + MARGIN.title, w: left - MARGIN.left - MARGIN.right, h: height };
    box.last = index === time.length - 1;
    boxes.set(panel, box);
    y = box.y + box.h + (box.last ? MARGIN.axis : 8);
  });
  const x0 = two ? left + 14 : 10;
  let top = two ? below : y;
  for (const panel of pictures) {
    const { size, around } = KINDS[panel.kind];
    const wide = (two ? width - left : width) - 24 - around.left - around.right;
    const tall = two ? Math.max(y - below, 300) / pictures.length - MARGIN.title - around.bottom : 420;
    const [across, down] = size(panel, wide, tall); // or as many pixels as it likes of those that there are
    const scale = Math.min(wide / across, Math.max(tall, 120) / down);
    boxes.set(panel, { x: x0 + around.left, y: top + MARGIN.title, w: across * scale, h: down * scale, across, down });
    top += MARGIN.title + down * scale + around.bottom;
  }
  return { boxes, width, height: Math.ceil(Math.max(y, top)) };
}
