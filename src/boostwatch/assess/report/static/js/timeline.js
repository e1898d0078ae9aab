// When each event was seen: a bar for its track, marks for first sight, launch, declaration and burnout.

const MOST_ROWS = 40;

function timelineSection() {
  const section = byId("when");
  if (!events.length) {
    add(section, el("p", { class: "plain" }, "No events."));
    return;
  }
  const holder = el("div", { class: "canvas" });
  add(section, holder,
    el("ul", { class: "legend", "aria-label": "Legend" },
      el("li", {}, keyMark("M-8,0H8", "life"), "seen"), el("li", {}, keyMark("M0,-5l4,5l-4,5l-4,-5Z", "declared"), "declared"),
      el("li", {}, keyMark("M-8,0H8M-8,-3v6M8,-3v6M0,-4v8", "launchbar"), "launch ± 1 σ"),
      el("li", {}, keyMark("M-4,-4L4,4M-4,4L4,-4", "burnout"), "burnout")),
    el("p", { class: "note", id: "when-note" }));
  let width = 0;
  const draw = () => width && holder.replaceChildren(timeline(width));
  drawn(holder, (now) => {
    width = now;
    draw();
  });
  listen("filter", draw);
  listen("event", draw);
  listen("step", () => holder.firstChild?.cursor());
}

function keyMark(d, name) {
  return svg("svg", { class: "swatch", viewBox: "-10 -8 20 16", width: 20, height: 14, "aria-hidden": "true" },
    svg("path", { d, class: name }));
}

// Rows for events: one each while there are few; else as few as keep their bars apart.
function rowsOf(shown) {
  if (shown.length <= MOST_ROWS) return shown.map((_, i) => i);
  const ends = [];
  return shown.map((event) => {
    const [from, to] = lifeOf(event);
    const start = Math.min(from, event.launch_time_s ?? from);
    const free = ends.findIndex((end) => end < start);
    const row = free < 0 ? ends.length : free;
    ends[row] = Math.max(to, event.declared_time_s ?? to) + 0.01 * (data.span[1] - data.span[0]);
    return row;
  });
}

function timeline(width) {
  const shown = events.filter((event) => passes(event) && known(event.first_time_s));
  const rows = rowsOf(shown);
  const packed = shown.length > MOST_ROWS;
  const count_ = Math.max(...rows, 0) + 1;
  const high = packed ? Math.max(Math.min(9, 520 / count_), 4) : 17;
  const area = { left: packed ? 30 : 27 + Math.min(Math.max(60, ...shown.map((event) => lengthOf(nameOf(event), 11.5))), width / 3), right: width - 14, top: 22, bottom: 26 + count_ * high };
  const height = area.bottom + 40;
  const image = picture(width, height, "Time line of events",
    `${count(shown.length, "event")} from ${utc(data.span[0])} to ${utc(data.span[1])} UTC. The events table has the times.`, { class: "plot" });
  const x = straight(data.span[0], data.span[1], area.left, area.right);
  const y = { ticks: () => [], at: () => 0 };
  image.append(axes(area, x, y, { xName: "time after the epoch (s)" }));
  for (const { value } of x.ticks(Math.floor((area.right - area.left) / 110))) {
    image.append(svg("text", { class: "name", x: x.at(value), y: area.top - 7, "text-anchor": "middle" }, utc(value, 0)));
  }
  shown.forEach((event, i) => {
    const at = area.top + 2 + (rows[i] + 0.5) * high;
    const [from, to] = lifeOf(event);
    const chosen = event === state.event;
    const g = svg("g", { class: `event ${kindClass(event.kind)}${chosen ? " chosen" : ""}`, onclick: () => choose(event) },
      svg("title", {}, `${nameOf(event)}: seen from ${fixed(from, 1)} to ${fixed(to, 1)} s, probability ${fixed(event.probability, 2)}`));
    if (!packed) {
      if (chosen) g.append(svg("rect", { class: "band", x: 0, y: at - high / 2, width, height: high }));
      g.append(svg("g", { transform: `translate(9,${at})` }, mark(event.kind, 4.5)),
        svg("text", { x: 19, y: at + 4, class: "row" }, nameOf(event)));
    }
    g.append(svg("rect", { class: "touch", x: area.left, y: at - high / 2, width: area.right - area.left, height: high }),
      svg("path", { class: `life${packed ? " thin" : ""}`, d: `M${x.at(from)},${at}H${Math.max(x.at(to), x.at(from) + 2)}` }));
    const big = packed ? 0.6 : 1;
    if (known(event.launch_time_s)) {
      const sigma = known(event.launch_time_sigma_s) ? event.launch_time_sigma_s : 0;
      const [a, b] = [event.launch_time_s - sigma, event.launch_time_s + sigma].map((t) => Math.min(Math.max(x.at(t), area.left), area.right));
      g.append(svg("path", { class: "launchbar", d: `M${a},${at}H${b}M${a},${at - 3 * big}v${6 * big}M${b},${at - 3 * big}v${6 * big}M${x.at(event.launch_time_s)},${at - 4 * big}v${8 * big}` }));
    }
    if (known(event.declared_time_s)) {
      const p = x.at(event.declared_time_s);
      g.append(svg("path", { class: "declared", d: `M${p},${at - 5 * big}l${4 * big},${5 * big}l${-4 * big},${5 * big}l${-4 * big},${-5 * big}Z` }));
    }
    if (known(event.burnout_time_s)) {
      const p = x.at(event.burnout_time_s);
      g.append(svg("path", { class: "burnout", d: `M${p - 4 * big},${at - 4 * big}l${8 * big},${8 * big}m0,${-8 * big}l${-8 * big},${8 * big}` }));
    }
    image.append(g);
  });
  if (!shown.length) image.append(svg("text", { x: width / 2, y: area.top + 14, "text-anchor": "middle" }, "the filter leaves none"));
  const line_ = svg("line", { class: "cursor", y1: area.top, y2: area.bottom });
  image.append(line_);
  image.cursor = () => {
    const t = cursorTime();
    line_.setAttribute("visibility", known(t) ? "visible" : "hidden");
    if (known(t)) ["x1", "x2"].forEach((name) => line_.setAttribute(name, x.at(t)));
  };
  image.cursor();
  image.addEventListener("click", (press) => {
    const box = image.getBoundingClientRect();
    const p = (press.clientX - box.left) * width / box.width;
    if (p >= area.left && p <= area.right) seek(x.back(p));
  }, true); // before an event in the plot is chosen, which draws it anew
  byId("when-note").replaceChildren(`Above the plot UTC, below it seconds after the epoch. ${packed ? "Bars share rows. " : ""}`,
    el("span", { class: "control" }, `${packed ? "Filter the events table to see fewer, with their names. " : ""}Click to bring the slider to that time.`));
  return image;
}
