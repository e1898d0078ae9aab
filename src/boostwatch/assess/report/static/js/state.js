// The run, and what of it is looked at: the event chosen, the step of the slider, the filter of the tables.

const data = JSON.parse(document.getElementById("payload").textContent);

function objects({ columns, rows }) {
  return rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i]])));
}

const events = objects(data.events);
const tracks = objects(data.tracks);
const truth = data.truth ? objects(data.truth) : [];
const trackOf = new Map(tracks.map((track) => [track.track_id, track]));
const eventOf = new Map(events.map((event) => [event.track_id, event]));

const KINDS = ["launch", "fire", "flare", "glint", "lightning", "bolide", "aircraft", "satellite", "defect", "unknown"];

// Launches first, the likeliest first among equals.
const ranked = [...events].sort((a, b) =>
  (b.p_launch ?? -1) - (a.p_launch ?? -1) || (b.probability ?? -1) - (a.probability ?? -1));
const launches = ranked.filter((event) => event.kind === "launch");

const state = { event: null, step: 0, filter: { kind: "", least: 0 } };
const heard = new Map();

function listen(name, act) {
  heard.set(name, [...(heard.get(name) || []), act]);
}

function change(name, value) {
  state[name] = value;
  for (const act of heard.get(name) || []) act(value);
}

function cursorTime() {
  return data.frames.time[state.step];
}

function seek(time) {
  const times = data.frames.time;
  let best = -1;
  times.forEach((t, i) => {
    if (t !== null && (best < 0 || Math.abs(t - time) < Math.abs(times[best] - time))) best = i;
  });
  if (best >= 0) change("step", best);
}

function choose(event) {
  change("event", event);
  say(`Event ${event.event_id}, ${event.kind}, chosen`);
}

function passes(event) {
  const { kind, least } = state.filter;
  return (!kind || event.kind === kind) && (event.probability ?? 0) >= least;
}

function kindClass(kind) {
  return KINDS.includes(kind) ? `k-${kind}` : "k-unknown";
}

function nameOf(event) {
  return `T${event.track_id} ${event.kind}`;
}

// The time over which an event was seen: that of its track.
function lifeOf(event) {
  const track = trackOf.get(event.track_id);
  const last = track ? track.last_time_s : event.burnout_time_s;
  return [event.first_time_s, known(last) ? Math.max(last, event.first_time_s) : event.first_time_s];
}

// A shape for each kind, so that no one need tell colours apart; radius r about (0, 0).
function symbol(kind, r = 5) {
  const round = `M${-r},0a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0`;
  const ngon = (n, inner, start) => "M" + Array.from({ length: inner ? 2 * n : n }, (_, i) => {
    const size = inner && i % 2 ? r * inner : r * 1.15;
    const angle = start + i * 2 * Math.PI / (inner ? 2 * n : n);
    return `${(size * Math.cos(angle)).toFixed(2)},${(size * Math.sin(angle)).toFixed(2)}`;
  }).join("L") + "Z";
  const shapes = {
    launch: () => ngon(3, 0, -Math.PI / 2),
    fire: () => round,
    flare: () => ngon(4, 0, 0),
    glint: () => ngon(4, 0.35, 0),
    lightning: () => `M${r * 0.3},${-r}L${-r * 0.6},${r * 0.2}H0L${-r * 0.3},${r}L${r * 0.6},${-r * 0.2}H0Z`,
    bolide: () => ngon(5, 0.45, -Math.PI / 2),
    aircraft: () => ngon(3, 0, 0),
    satellite: () => `M${-r * 0.85},${-r * 0.85}h${1.7 * r}v${1.7 * r}h${-1.7 * r}Z`,
    defect: () => `M${-r},${-r * 0.6}L${-r * 0.6},${-r}L0,${-r * 0.4}L${r * 0.6},${-r}L${r},${-r * 0.6}L${r * 0.4},0`
      + `L${r},${r * 0.6}L${r * 0.6},${r}L0,${r * 0.4}L${-r * 0.6},${r}L${-r},${r * 0.6}L${-r * 0.4},0Z`,
  };
  return (shapes[kind] || (() => ngon(6, 0, 0)))();
}

function mark(kind, r = 5) {
  return svg("path", { d: symbol(kind, r), class: `mark ${kindClass(kind)}` });
}

function swatch(kind) {
  return svg("svg", { class: "swatch", viewBox: "-8 -8 16 16", width: 14, height: 14, "aria-hidden": "true" }, mark(kind, 5.5));
}

function legend(kinds, extra = []) {
  return el("ul", { class: "legend", "aria-label": "Legend" },
    kinds.map((kind) => el("li", {}, swatch(kind), kind)), extra);
}
