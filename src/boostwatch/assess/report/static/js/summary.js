// The first lines: how much was found, and each launch in a sentence of figures. The last: where it all comes from.

const MOST_LAUNCHES = 6;

function summarySection() {
  const section = byId("findings");
  const { counts } = data;
  byId("title").textContent = data.name;
  byId("subtitle").replaceChildren(
    `Epoch ${data.epoch.replace("T", " ").replace(/(\.000)?Z$/, " UTC")}`,
    data.span.length ? `, ${figure(data.span[1] - data.span[0], 4)} s of frames` : "");
  const others = data.kinds.filter((kind) => kind !== "launch").map((kind) => [events.filter((e) => e.kind === kind).length, kind]).filter(([n]) => n);
  if (!counts.events) {
    add(section, el("p", { class: "lead" }, "No events. Nothing in these frames was called a launch or anything else."));
  } else {
    add(section, el("p", { class: "lead" },
      counts.launches ? `${several(counts.launches, "launch")}` : "No launch",
      others.length ? `; ${others.map(([n, kind]) => several(n, kind)).join(", ")}.` : "."));
  }
  add(section, el("p", { class: "note" },
    `${count(counts.tracks, "track")}, ${count(counts.detections, "detection")}; ${facts()}`));
  const shown = launches.slice(0, MOST_LAUNCHES);
  if (shown.length) add(section, el("ul", { class: "launches" }, shown.map(launchCard)));
  if (launches.length > shown.length) {
    add(section, el("p", { class: "note" }, `The ${shown.length} likeliest of ${launches.length}; the others are in the table.`));
  }
  const mark_ = () => section.querySelectorAll("button.launch").forEach((b) =>
    b.setAttribute("aria-pressed", String(state.event !== null && b.value === String(state.event.event_id))));
  listen("event", mark_);
  mark_();
}

function facts() {
  const line_ = (label) => data.provenance.lines.find(([name]) => name === label)?.[1];
  const [read, flagged] = [line_("frames read"), line_("frames flagged")];
  return read === undefined ? "frames not counted." : `${count(+read, "frame")} read, flagged: ${flagged || "none"}.`;
}

function launchCard(event) {
  const fact = (name, ...value) => el("div", {}, el("dt", {}, name), el("dd", {}, ...value));
  const sigma = (value) => known(value) ? ` ± ${fixed(value, 1)} s` : "";
  const where = known(event.latitude_deg) ? `${latitude(event.latitude_deg)}, ${longitude(event.longitude_deg)}` : "not known";
  return el("li", {},
    el("button", { type: "button", class: "launch", value: event.event_id, onclick: () => choose(event) },
      el("span", { class: "who" }, swatch(event.kind), nameOf(event)),
      el("span", { class: "sure" }, `p ${fixed(event.probability, 2)}`)),
    el("dl", {},
      fact("launch", known(event.launch_time_s) ? `${utc(event.launch_time_s)} UTC${sigma(event.launch_time_sigma_s)}` : "not known"),
      fact("from", where),
      fact("95 % ellipse", known(event.ellipse_major_km)
        ? `${fixed(event.ellipse_major_km, 1)} × ${fixed(event.ellipse_minor_km, 1)} km, long axis ${fixed(event.ellipse_angle_deg, 0)}°` : "not known"),
      fact("heading", known(event.heading_deg) ? `${fixed(event.heading_deg, 0)}° ± ${fixed(event.heading_sigma_deg, 0)}°` : "not known"),
      fact("peak", known(event.peak_intensity_w_sr) ? `${intensity(event.peak_intensity_w_sr, event.peak_intensity_sigma_w_sr)} apparent` : "not known"),
      fact("first seen", `${utc(event.first_time_s)} UTC`),
      fact("declared", `${utc(event.declared_time_s)} UTC`,
        known(event.first_time_s) && known(event.declared_time_s) ? `, ${fixed(event.declared_time_s - event.first_time_s, 1)} s later` : null),
      fact("burnout", known(event.burnout_time_s) ? `${utc(event.burnout_time_s)} UTC${sigma(event.burnout_time_sigma_s)}` : "not seen")));
}

function originSection() {
  const section = byId("origin");
  const lines = [["events file", data.name], ["epoch", data.epoch], ...data.provenance.lines,
    ["report", `made ${data.created} by boostwatch ${data.version}`]];
  add(section, el("dl", { class: "lines" }, lines.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])));
  for (const [name, text] of data.provenance.texts) {
    add(section, el("details", {}, el("summary", {}, name), el("pre", { tabindex: 0 }, text)));
  }
  byId("foot").append(el("p", {},
    "Synthetic or foreign frames, notional figures. Land: Natural Earth, public domain. Map projections: d3-geo, ISC licence, text in the source of this page. "
    + "This file asks the network for nothing."));
}
