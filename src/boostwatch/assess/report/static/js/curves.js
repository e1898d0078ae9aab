// Light curves: what was detected of an event, by band, with error bars and the event's times.

const MOST_CARDS = 6;
const UNITS = { electron: ["electrons", "e⁻"], DN: ["DN", "DN"] };
const MIXED = data.bands.some((band) => band.unit !== data.bands[0].unit);
const SIGNAL = !MIXED && UNITS[data.bands[0].unit] || ["electrons, or DN in bands of unknown gain", "e⁻ or DN"];
const curveLook = { what: Object.keys(data.per_electron).length ? "w" : "e", log: true };

function curvesSection() {
  const section = byId("light");
  if (!events.length) {
    add(section, el("p", { class: "plain" }, "No events, so no light curves."));
    return;
  }
  const grid = el("div", { class: "cards" });
  const redraw = (name) => (value) => {
    curveLook[name] = name === "log" ? value === "log" : value;
    fill();
  };
  const quantities = [["e", `signal (${SIGNAL[0]})`], ["q", "snr"]];
  if (Object.keys(data.per_electron).length) quantities.unshift(["w", "apparent intensity (W/sr)"]);
  add(section,
    el("div", { class: "row control" },
      choice("Event", ranked.slice(0, 500).map((e) => [String(e.event_id), `${e.event_id}: ${nameOf(e)}, p ${fixed(e.probability, 2)}`]),
        String(state.event.event_id), (id) => choose(events.find((e) => String(e.event_id) === id))),
      choice("Quantity", quantities, curveLook.what, redraw("what")),
      choice("Scale", [["log", "logarithmic"], ["lin", "linear"]], "log", redraw("log"))),
    el("ul", { class: "legend", "aria-label": "Legend" },
      data.bands.slice(0, 4).map((band, i) => el("li", {}, dot(i), bandName(i) + (MIXED ? `, ${UNITS[band.unit][1]}` : ""))),
      lit() ? el("li", {}, keyLine("truelight"), "truth") : null),
    grid,
    el("p", { class: "note" }, "Bars are ± 1 σ. ", MIXED ? "The gain of bands in DN is not known: they have no W/sr, and no truth beside them. " : "",
      quantities[0][0] === "w" ? "Apparent intensity: irradiance at the aperture times range squared, to the event's place; what the air took is not given back. " : "",
      el("span", { class: "control" }, "Click in a plot to bring the slider there.")),
  );

  function shown() {
    const best = launches.slice(0, MOST_CARDS);
    return best.includes(state.event) || !state.event ? best : [state.event, ...best.slice(0, MOST_CARDS - 1)];
  }
  function fill() {
    grid.replaceChildren();
    for (const event of shown()) {
      const holder = el("div", { class: "canvas" });
      const card = el("article", { class: `card${event === state.event ? " chosen" : ""}` },
        el("h3", {}, swatch(event.kind), nameOf(event), el("span", { class: "aside" }, `probability ${fixed(event.probability, 2)}`)),
        holder);
      grid.append(card);
      drawn(holder, (width) => holder.replaceChildren(curve(event, width)));
    }
    cursor();
  }
  function cursor() {
    for (const plot of grid.querySelectorAll("svg.plot")) if (plot.cursor) plot.cursor();
  }
  listen("event", (event) => {
    section.querySelector("select").value = String(event.event_id);
    fill();
  });
  listen("step", cursor);
  fill();
}

function lit() {
  return Boolean(data.truth && Object.keys(data.truth.light).length);
}

// The true light of the launch that an event stands for, in the quantity of the plot.
function trueLight(event, what) {
  if (what === "q" || !data.truth) return [];
  const factors = data.per_electron[event.track_id];
  return (data.truth.light[event.event_id] || []).filter(({ band }) => data.bands[band]?.unit === "electron")
    .map(({ band, t, e }) => ({ band, t, v: e.map((x) => x * (what === "w" ? factors?.[band] : 1)) }));
}

function dot(i) {
  return svg("svg", { class: "swatch", viewBox: "-8 -8 16 16", width: 14, height: 14, "aria-hidden": "true" }, bandMark(i, 0, 0, 4));
}

function bandMark(i, x, y, r = 2.4) {
  const shapes = [
    () => svg("circle", { cx: x, cy: y, r }),
    () => svg("rect", { x: x - r * 0.9, y: y - r * 0.9, width: 1.8 * r, height: 1.8 * r }),
    () => svg("path", { d: `M${x},${y - 1.2 * r}l${1.2 * r},${2.2 * r}h${-2.4 * r}Z` }),
    () => svg("path", { d: `M${x},${y - 1.3 * r}l${1.3 * r},${1.3 * r}l${-1.3 * r},${1.3 * r}l${-1.3 * r},${-1.3 * r}Z` }),
  ];
  const shape = shapes[i % 4]();
  shape.setAttribute("class", `b${i % 4}`);
  return shape;
}

// Series of an event in the quantity asked for: band, times, values, sigmas.
function seriesOf(event, what) {
  const factors = data.per_electron[event.track_id];
  return (data.curves[event.track_id] || []).map(({ band, t, e, s, q, of }) => {
    if (what === "q") return { band, t, v: q, s: null, of };
    const factor = what === "w" ? factors?.[band] : 1;
    return known(factor) ? { band, t, v: e.map((x) => x === null ? null : x * factor), s: s.map((x) => x === null ? null : x * factor), of } : null;
  }).filter(Boolean);
}

function curve(event, width) {
  let what = curveLook.what;
  let series = seriesOf(event, what);
  if (what === "w" && !series.length) { // no place, no intensity
    what = "e";
    series = seriesOf(event, what);
  }
  const height = 250;
  const area = { left: 52, right: width - 12, top: 44, bottom: height - 40 };
  const all = series.flatMap(({ v }) => v).filter(known);
  const image = picture(width, height, `Light curve of ${nameOf(event)}`, curveText(event, series), { class: "plot" });
  if (!all.length) {
    image.append(svg("text", { x: width / 2, y: height / 2, "text-anchor": "middle" }, "no detection of it is in the file"));
    return image;
  }
  const top = Math.max(...all);
  const { factor, unit } = what === "w" ? prefixed(top, "W/sr") : { factor: 1, unit: "" };
  const low = Math.min(...all.filter((v) => v > 0));
  const log = curveLook.log && top > 0 && Number.isFinite(low);
  const [from, to] = lifeOf(event);
  const marks = marksOf(event).filter((m) => known(m.t));
  const times = [from, to, ...series.flatMap(({ t }) => t), ...marks.map((m) => m.t)].filter(known);
  const pad = Math.max((Math.max(...times) - Math.min(...times)) * 0.04, 0.5);
  const x = straight(Math.min(...times) - pad, Math.max(...times) + pad, area.left, area.right);
  const y = log ? logarithmic(Math.max(low / factor * 0.7, top / factor * 1e-5), top / factor * 1.5, area.bottom, area.top)
    : straight(Math.min(0, ...all) / factor, top / factor * 1.08, area.bottom, area.top);
  const yName = { w: `apparent intensity (${unit})`, e: `signal (${SIGNAL[1]})`, q: "snr" }[what];
  image.append(axes(area, x, y, { xName: "time after the epoch (s)", yMost: 4 }),
    svg("text", { class: "name", x: 8, y: 12 }, yName));
  const clip = `c${picture.count++}`;
  image.append(svg("clipPath", { id: clip }, svg("rect", { x: area.left, y: area.top, width: area.right - area.left, height: area.bottom - area.top })));
  drawMarks(image, marks, x, area);
  const body = svg("g", { "clip-path": `url(#${clip})` });
  for (const { band, t, v, s } of series) {
    const clear = t.length > 150 ? " dense" : "";
    const bars = s ? t.map((time, i) => known(v[i]) && known(s[i]) && v[i] > 0
      ? `M${x.at(time).toFixed(1)},${y.at(Math.max(v[i] - s[i], log ? v[i] * 1e-3 : v[i] - s[i]) / factor).toFixed(1)}V${y.at((v[i] + s[i]) / factor).toFixed(1)}` : "").join("") : "";
    body.append(svg("path", { class: `bar b${band % 4}${clear}`, d: bars }));
    t.forEach((time, i) => {
      if (known(v[i]) && (!log || v[i] > 0)) body.append(bandMark(band, x.at(time), y.at(v[i] / factor), t.length > 150 ? 1.7 : 2.3));
    });
  }
  for (const { t, v } of trueLight(event, what)) {
    body.append(svg("path", { class: "truelight", d: line(t.map((time, i) => [x.at(time), log && !(v[i] > 0) ? NaN : y.at(v[i] / factor)])) }));
  }
  const line_ = svg("line", { class: "cursor", y1: area.top, y2: area.bottom });
  image.append(body, line_);
  image.cursor = () => {
    const t = cursorTime();
    const inside = known(t) && t >= x.low && t <= x.high;
    line_.setAttribute("visibility", inside ? "visible" : "hidden");
    if (inside) {
      line_.setAttribute("x1", x.at(t));
      line_.setAttribute("x2", x.at(t));
    }
  };
  image.cursor();
  image.addEventListener("click", (press) => {
    const box = image.getBoundingClientRect();
    seek(x.back((press.clientX - box.left) * width / box.width));
  });
  return image;
}

function marksOf(event) {
  return [
    { t: event.launch_time_s, sigma: event.launch_time_sigma_s, name: "launch", kind: "launched" },
    { t: event.first_time_s, name: "first seen", kind: "first" },
    { t: event.declared_time_s, name: "declared", kind: "declared" },
    { t: event.burnout_time_s, name: "burnout", kind: "burnout" },
  ];
}

// Lines at the event's times; their names above the plot in as many rows as keep them apart.
function drawMarks(image, marks, x, area) {
  const free = places();
  for (const { t, sigma, name, kind } of marks) {
    const p = x.at(t);
    if (known(sigma)) {
      const [a, b] = [Math.max(x.at(t - sigma), area.left), Math.min(x.at(t + sigma), area.right)];
      image.append(svg("rect", { class: "sigma", x: a, y: area.top, width: Math.max(b - a, 0), height: area.bottom - area.top }));
    }
    image.append(svg("line", { class: `at ${kind}`, x1: p, x2: p, y1: area.top, y2: area.bottom }));
    const long = lengthOf(name, 11, 400);
    const anchor = p + long / 2 > area.right + 8 ? "end" : p - long / 2 < area.left ? "start" : "middle";
    const from = anchor === "end" ? p - long : anchor === "start" ? p : p - long / 2;
    const row = [0, 1].find((n) => free(from - 3, area.top - 5 - 12 * n, long + 6, 11));
    if (row !== undefined) {
      image.append(svg("text", { class: "when", x: p, y: area.top - 4 - 12 * row, "text-anchor": anchor }, name));
    }
  }
}

function curveText(event, series) {
  const parts = series.map(({ band, of, v }) => `${bandName(band)}: ${count(of, "detection")}, largest ${figure(Math.max(...v.filter(known)))}`);
  const times = marksOf(event).filter((m) => known(m.t)).map((m) => `${m.name} at ${fixed(m.t, 1)} s`);
  return [...parts, ...times].join("; ");
}
