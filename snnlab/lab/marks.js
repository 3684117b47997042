// What is under the pointer, and how a neuron is marked in each kind of panel, on a layer above the picture. To a kind are added
//   find(box, panel, data, scene, x, y)   what is there: { group, place: the neuron; step; name, value: words }, or null
//   mark(ctx, box, panel, data, scene, look, place, line)   marks the neuron at that place of the panel's group, or the line (or point) found

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

// A number with as many decimals as its last place means, such as "0.42" for places of 0.01.
function rounded(value, place) {
  const digits = clamp(Math.ceil(-Math.log10(place) - 1e-9), 0, 12);
  return Number(value.toFixed(digits)).toLocaleString("en", { maximumFractionDigits: digits, useGrouping: false }).replace("-", "−");
}

// "voltage (mV)" in two parts.
function labelParts(label) {
  const [, noun, unit] = /^(.*?)(?: \(([^()]*)\))?$/.exec(label);
  return { noun, unit: unit ? ` ${unit}` : "" };
}

// Both dark and light, so that a line shows on whatever is below it.
function outline(ctx, look, x, y, w, h, width) {
  ctx.lineWidth = width + 2;
  ctx.strokeStyle = look.dark ? "#000" : "#fff";
  ctx.strokeRect(x, y, w, h);
  ctx.lineWidth = width;
  ctx.strokeStyle = look.mark;
  ctx.strokeRect(x, y, w, h);
}

Object.assign(KINDS.raster, {
  find(box, panel, { bits }, scene, x, y) {
    const place = clamp(Math.floor(((box.y + box.h - y) / box.h) * panel.rows), 0, panel.rows - 1);
    const at = xToStep(scene, box, x), reach = xToStep(scene, box, x + 2) - at; // steps may be narrower than a pixel, and marks wider
    let step = clamp(Math.floor(at), 0, scene.window - 1), spike = rasterSpike(panel, bits, step, place);
    for (let near = Math.max(0, Math.floor(at - reach)); !spike && near < Math.min(scene.window, at + reach); near++) {
      if (rasterSpike(panel, bits, near, place)) [step, spike] = [near, true];
    }
    const shared = panel.each > 1 ? ` in its row of ${panel.each}` : "";
    return { group: panel.group, place, step, name: `${panel.label} ${place}`, value: (spike ? "spike" : "no spike") + shared };
  },
  mark(ctx, box, panel, data, scene, look, place) {
    const row = box.h / panel.rows, tall = Math.max(row, 4);
    const y = box.y + box.h - (place + 0.5) * row - tall / 2;
    ctx.fillStyle = look.band;
    ctx.fillRect(box.x, y, box.w, tall);
    ctx.fillStyle = look.mark;
    for (const [x, way] of [[box.x, 1], [box.x + box.w, -1]]) { // a triangle at each end: not colour alone
      ctx.beginPath();
      [[x, y + tall / 2 - 5], [x + 6 * way, y + tall / 2], [x, y + tall / 2 + 5]].forEach(([a, b], i) => (i ? ctx.lineTo(a, b) : ctx.moveTo(a, b)));
      ctx.fill();
    }
  },
});

Object.assign(KINDS.traces, {
  find(box, panel, { values, limits: [low, high] }, scene, x, y) {
    const count = panel.names.length, step = clamp(Math.floor(xToStep(scene, box, x)), 0, scene.window - 1);
    const level = low + ((box.y + box.h - y) / box.h) * (high - low);
    let line = -1, best = Infinity;
    for (let i = 0; i < count; i++) {
      const away = Math.abs(values[step * count + i] - level);
      if (away < best) [line, best] = [i, away];
    }
    if (line < 0) return { step, value: "nothing recorded" };
    const { noun, unit } = labelParts(panel.label);
    const value = `${noun} ${rounded(values[step * count + line], (high - low) / 1000)}${unit}`;
    return { group: panel.group, place: panel.neurons?.[line], line, step, name: panel.names[line], value };
  },
  mark(ctx, box, panel, data, scene, look, place, own) {
    const line = own ?? panel.neurons?.indexOf(place) ?? -1;
    if (line < 0) return;
    ctx.save();
    ctx.beginPath();
    ctx.rect(box.x, box.y - 1, box.w, box.h + 2);
    ctx.clip();
    for (const [color, width] of [[look.dark ? "#000" : "#fff", 6], [look.lines[line % 6], 3.5]]) {
      Object.assign(ctx, { strokeStyle: color, lineWidth: width, lineJoin: "round" });
      ctx.setLineDash(DASHES[line % 6]);
      traceLine(ctx, box, data, panel.names.length, line, scene);
    }
    ctx.restore();
  },
});

Object.assign(KINDS.heat, {
  find(box, panel, { shades, limits: [low, high], top }, scene, x, y) {
    const step = clamp(Math.floor(xToStep(scene, box, x)), 0, scene.window - 1);
    const row = clamp(Math.floor(((box.y + box.h - y) / box.h) * panel.rows), 0, panel.rows - 1);
    const wide = (high - low) / panel.rows, { noun, unit } = labelParts(panel.label);
    const range = `${noun} ${rounded(low + row * wide, wide / 10)} to ${rounded(low + (row + 1) * wide, wide / 10)}${unit}`;
    const shade = shades[step * panel.rows + row];
    if (!shade || !panel.count) return { step, name: range, value: shade ? "" : "nothing recorded" };
    const share = ((shade - 1) / 254) ** 2 * top[0]; // a shade stands for the square root of a share
    const count = Math.round(share * panel.count);
    return { step, name: range, value: `about ${count.toLocaleString("en")} of ${panel.count.toLocaleString("en")} synapses` };
  },
});

Object.assign(KINDS.fields, {
  find(box, panel, { fields, limits: [low, high] }, scene, x, y) {
    const across = Math.floor(((x - box.x) / box.w) * box.across), down = Math.floor(((y - box.y) / box.h) * box.down);
    const [column, left] = [Math.floor(across / (panel.width + 1)), across % (panel.width + 1)];
    const [row, up] = [Math.floor(down / (panel.height + 1)), down % (panel.height + 1)];
    const place = row * panel.columns + column;
    if (left >= panel.width || up >= panel.height || place >= panel.count) return null; // between two fields
    const pixel = up * panel.width + left, { noun, unit } = labelParts(panel.label);
    const value = low + (fields[place * panel.width * panel.height + pixel] / 255) * (high - low);
    const words = `${noun} ${rounded(value, (high - low) / 250)}${unit} at row ${up}, column ${left}`;
    const input = panel.inputs ? { group: panel.inputs, place: pixel } : null;
    return { group: panel.group, place, also: input, name: panel.group ? `neuron ${place}` : "", value: words };
  },
  mark(ctx, box, panel, data, scene, look, place) {
    const scale = box.w / box.across, column = place % panel.columns, row = Math.floor(place / panel.columns);
    const [x, y] = [box.x + column * (panel.width + 1) * scale, box.y + row * (panel.height + 1) * scale];
    outline(ctx, look, x - 1, y - 1, panel.width * scale + 2, panel.height * scale + 2, 2);
  },
});

// The point of a segment that is closest to [x, y]: its place along it from 0 to 1, and how far that is.
function closest([ax, ay], [bx, by], x, y) {
  const [across, up] = [bx - ax, by - ay], long = across * across + up * up;
  const along = long ? clamp(((x - ax) * across + (y - ay) * up) / long, 0, 1) : 0;
  return [along, Math.hypot(ax + along * across - x, ay + along * up - y)];
}

const NEAR = 24; // pixels around the pointer in which a point of a chart is found

Object.assign(KINDS.chart, {
  find(box, panel, data, scene, x, y) {
    const frame = box.frame ?? box, [left, right, low, high] = data.limits, at = chartScale(frame, data.limits);
    let found = null, near = NEAR;
    const take = (series, away, across, up, bar) => { if (away < near) [found, near] = [{ series, across, up, bar }, away]; };
    panel.series.forEach(({ kind }, series) => {
      const xs = data[`x${series}`], ys = data[`y${series}`];
      for (let i = 0; i < xs.length; i++) {
        const here = [at.x(xs[i]), kind === "upright" ? y : at.y(ys[i])];
        if (kind === "bars") {
          if (x >= here[0] && x < at.x(xs[i + 1]) && y < frame.y + frame.h) take(series, NEAR - 1, xs[i], ys[i], xs[i + 1]);
        } else if (kind === "line" && i + 1 < xs.length) {
          const [along, away] = closest(here, [at.x(xs[i + 1]), at.y(ys[i + 1])], x, y);
          take(series, away, xs[i] + along * (xs[i + 1] - xs[i]), ys[i] + along * (ys[i + 1] - ys[i]));
        } else if (kind !== "line") take(series, Math.hypot(here[0] - x, here[1] - y), xs[i], ys[i]);
      }
    });
    if (!found) return null;
    const [wide, tall] = [labelParts(panel.x), labelParts(panel.y)];
    const number = (value, ends) => rounded(value, (ends[1] - ends[0]) / 250);
    const across = `${wide.noun} ${number(found.across, [left, right])}`, { name } = panel.series[found.series];
    if (found.up === undefined) return { line: found, name, value: `${across}${wide.unit}` };
    if (found.bar === undefined) {
      return { line: found, name, value: `${across}${wide.unit}, ${tall.noun} ${number(found.up, [low, high])}${tall.unit}` };
    }
    return { line: found, name, value: `${across} to ${number(found.bar, [left, right])}${wide.unit}, ${found.up} ${tall.noun}` };
  },
  mark(ctx, box, panel, data, scene, look, place, found) {
    if (!found) return;
    const frame = box.frame ?? box, at = chartScale(frame, data.limits), x = at.x(found.across);
    if (found.bar !== undefined) return outline(ctx, look, x, at.y(found.up), at.x(found.bar) - x, at.y(0) - at.y(found.up), 2);
    if (found.up === undefined) return outline(ctx, look, x - 3, frame.y, 6, frame.h, 1);
    for (const [color, width] of [[look.dark ? "#000" : "#fff", 4], [look.mark, 2]]) {
      Object.assign(ctx, { strokeStyle: color, lineWidth: width });
      ctx.beginPath();
      ctx.arc(x, at.y(found.up), 7, 0, 2 * Math.PI);
      ctx.stroke();
    }
  },
});

// Marks what was found and what is followed in every panel, and the time under the pointer in all panels over time.
function paintMarks(ctx, place, scene, data, look, found) {
  ctx.clearRect(0, 0, place.width, place.height);
  const pointed = { ...look, mark: look.ink, band: "rgba(128, 128, 128, 0.3)" };
  const places = new Map(Object.entries(scene.followed ?? {}).map(([group, at]) => [`${group} ${at}`, { group, place: at }]));
  for (const each of [found, found?.also]) if (each?.group && each.place !== undefined) places.set(`${each.group} ${each.place}`, each);
  ctx.font = `11px ${look.font}`;
  scene.panels.forEach((panel, index) => {
    const kind = KINDS[panel.kind], box = place.boxes.get(panel);
    const here = found?.index === index ? found : null;
    const own = [...places.values()].filter((each) => each === here || (panel.group && each.group === panel.group));
    if (here?.line !== undefined && !own.includes(here)) own.push(here); // a line that is no neuron
    for (const each of own) {
      const colors = scene.followed?.[each.group] === each.place ? look : pointed;
      kind.mark?.(ctx, box, panel, data[index], scene, colors, each.place, each === here ? here.line : undefined);
    }
    if (kind.height && found?.step !== undefined) {
      const x = stepToX(scene, box, found.step + 0.5);
      if (x >= box.x && x <= box.x + box.w) stroke(ctx, look.faint, [[x, box.y], [x, box.y + box.h]], 1, [3, 3]);
    }
  });
}

// What can be done, where the pointer finds nothing; first of all how to get back.
function hint(scene) {
  const followed = Object.entries(scene.followed ?? {}).map(([group, place]) => `${place} of ${group.replace(/^(in|out)puts of /, "")}`);
  const words = followed.length ? [`Following ${followed.join(", ")}; another click lets go.`] : [];
  if (scene.inView) words.push("0 or a double-click shows the whole time again.");
  if (!words.length && scene.panels.some((panel) => KINDS[panel.kind].find)) words.push("Point at the figure to read it.");
  if (!followed.length && scene.panels.some((panel) => panel.group)) words.push("Click a neuron to follow it.");
  if (!scene.inView && scene.panels.some((panel) => KINDS[panel.kind].height)) words.push("Turn the wheel over time to zoom.");
  return words.join(" ");
}

// What was found, in words: "neuron 7 of exc, 165 ms: voltage −53.2 mV".
function readOut(found, panel, scene, steps) {
  if (!found) return "";
  const group = found.group ? ` of ${found.group.replace(/^(in|out)puts of /, "")}` : "";
  const words = found.name ? [found.name + group] : [panel.title];
  if (found.step !== undefined) {
    const step = steps - scene.window + found.step;
    if (step < 0) return `${words}, before the first step`;
    words.push(`${Number((step * scene.step_time).toPrecision(10))} ms`);
  }
  return `${words.join(", ")}${found.value ? `: ${found.value}` : ""}`;
}
