// Axes: straight or logarithmic scales, ticks that fall on round numbers, names with units.

function roundSteps(low, high, most) {
  const raw = (high - low) / Math.max(most, 1);
  const decade = 10 ** Math.floor(Math.log10(raw));
  return decade * ([1, 2, 5, 10].find((m) => m * decade >= raw * (1 - 1e-9)) || 10);
}

function straight(low, high, from, to) {
  if (!(high > low)) [low, high] = [low - 0.5, low + 0.5];
  const at = (v) => from + (v - low) / (high - low) * (to - from);
  return {
    at, low, high,
    back: (p) => low + (p - from) / (to - from) * (high - low),
    ticks: (most) => {
      const step = roundSteps(low, high, most);
      const first = Math.ceil(low / step - 1e-9);
      const places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
      return Array.from({ length: Math.max(Math.floor(high / step + 1e-9) - first + 1, 0) }, (_, i) => {
        const value = (first + i) * step;
        return { value, text: Math.abs(value) >= 1e6 ? power(value) : fixed(value, Math.min(places, 10)) };
      });
    },
  };
}

function logarithmic(low, high, from, to) {
  const [a, b] = [Math.log10(low), Math.log10(high > low ? high : low * 10)];
  const at = (v) => from + (Math.log10(Math.max(v, low * 1e-3)) - a) / (b - a) * (to - from);
  return {
    at, low, high,
    // Powers of ten; where these are too few to tell a scale by, round numbers between them.
    ticks: (most) => {
      const every = Math.max(1, Math.ceil((b - a) / Math.max(most, 2)));
      for (const marks of [[1], [1, 3], [1, 2, 5]]) {
        const out = [];
        for (let d = Math.floor(a); d <= Math.ceil(b); d++) {
          for (const m of marks) {
            const value = m * 10 ** d;
            if (value >= low * 0.999 && value <= high * 1.001 && d % every === 0) out.push({ value, text: figureShort(value) });
          }
        }
        if (out.length > 2 || every > 1) return out;
      }
      return straight(low, high, from, to).ticks(most);
    },
  };
}

function figureShort(value) {
  return value >= 1e5 || value < 1e-3 ? value.toExponential(0).replace("e+", "e").replace("-", "−") : String(+value.toPrecision(3));
}

// Grid, ticks and names of a plot whose area is (left, top) to (right, bottom).
function axes(area, x, y, { xName, yName, xMost = Math.floor((area.right - area.left) / 70), yMost = 5, xText, grid = true }) {
  const { left, right, top, bottom } = area;
  const g = svg("g", { class: "axes" });
  for (const { value, text } of x.ticks(xMost)) {
    const p = x.at(value);
    if (grid) g.append(svg("line", { class: "grid", x1: p, x2: p, y1: top, y2: bottom }));
    g.append(svg("text", { x: p, y: bottom + 15, "text-anchor": "middle" }, xText ? xText(value) : text));
  }
  for (const { value, text } of y.ticks(yMost)) {
    const p = y.at(value);
    if (grid) g.append(svg("line", { class: "grid", x1: left, x2: right, y1: p, y2: p }));
    g.append(svg("text", { x: left - 6, y: p + 4, "text-anchor": "end" }, text));
  }
  g.append(svg("rect", { class: "frame", x: left, y: top, width: Math.max(right - left, 0), height: Math.max(bottom - top, 0) }));
  if (xName) g.append(svg("text", { class: "name", x: (left + right) / 2, y: bottom + 32, "text-anchor": "middle" }, xName));
  if (yName) g.append(svg("text", { class: "name", x: left, y: top - 8 }, yName));
  return g;
}

// Points of a line as an SVG path; breaks where a value is unknown.
function line(points) {
  let pen = "M";
  let d = "";
  for (const [x, y] of points) {
    if (!Number.isFinite(x) || !Number.isFinite(y)) pen = "M";
    else {
      d += `${pen}${x.toFixed(1)},${y.toFixed(1)}`;
      pen = "L";
    }
  }
  return d;
}

// Keeps texts apart: says whether a box is free, and takes it. `covered`: how many of the boxes in a list it would cover.
function places() {
  const taken = [];
  return (x, y, width, height) => {
    const free = !covered(taken, x, y, width, height);
    if (free) taken.push([x, y, width, height]);
    return free;
  };
}

function covered(boxes, x, y, width, height) {
  return boxes.filter(([a, b, w, h]) => x + width >= a && x <= a + w && y + height >= b && y <= b + h).length;
}
