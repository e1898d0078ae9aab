// Tables of events and tracks: sorted by their heads, filtered, a page at a time.

const PAGE = 25;

// columns: { key, head, unit, text(row), value(row), number }
function dataTable({ id, caption, columns, rows, button }) {
  const sort = { column: null, down: false };
  let list = rows;
  let page = 0;
  let all = false; // on paper
  const heads = columns.map((column) => el("th", { scope: "col", class: column.number ? "number" : null, "aria-sort": "none" },
    el("button", { type: "button", onclick: () => by(column) }, column.head, el("span", { class: "unit" }, column.unit ? ` (${column.unit})` : ""))));
  const body = el("tbody");
  const title = el("caption", {}, caption);
  const told = el("span", { class: "told" });
  const before = el("button", { type: "button", onclick: () => turnTo(page - 1) }, "‹ before");
  const after = el("button", { type: "button", onclick: () => turnTo(page + 1) }, "after ›");
  const node = el("div", { class: "table", id },
    el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
      el("table", {}, title, el("thead", {}, el("tr", {}, heads)), body)),
    el("div", { class: "row pager" }, told, el("span", { class: "control" }, before, after)));

  function by(column) {
    if (sort.column === column) sort.down = !sort.down;
    else Object.assign(sort, { column, down: false });
    heads.forEach((head, i) => head.setAttribute("aria-sort", columns[i] !== column ? "none" : sort.down ? "descending" : "ascending"));
    page = 0;
    fill();
    say(`${caption}: sorted by ${column.head}, ${sort.down ? "descending" : "ascending"}`);
  }
  function turnTo(to) {
    page = to;
    fill();
  }
  function ordered() {
    if (!sort.column) return list;
    const way = sort.down ? -1 : 1;
    const { value } = sort.column;
    return [...list].sort((a, b) => {
      const [p, q] = [value(a), value(b)];
      const [empty, other] = [p === null || p === undefined, q === null || q === undefined];
      if (empty || other) return empty - other; // unknown last, either way
      return (typeof p === "string" ? p.localeCompare(q) : p - q) * way;
    });
  }
  function fill() {
    const pages = Math.max(Math.ceil(list.length / PAGE), 1);
    page = Math.min(Math.max(page, 0), pages - 1);
    const shown = all ? ordered() : ordered().slice(page * PAGE, (page + 1) * PAGE);
    body.replaceChildren(...shown.map((row) => el("tr", { "aria-current": button && button.chosen(row) ? "true" : null },
      columns.map((column, i) => el(i ? "td" : "th", { scope: i ? null : "row", class: column.number ? "number" : null },
        i === 0 && button ? el("button", { type: "button", class: "link", "aria-label": button.name(row), onclick: () => button.act(row) }, column.text(row))
          : column.text(row))))));
    if (!shown.length) body.append(el("tr", {}, el("td", { colspan: columns.length, class: "none" }, rows.length ? "none passes the filter" : "none")));
    const from = page * PAGE;
    told.textContent = !list.length ? "" : all ? count(list.length, "row")
      : `rows ${from + 1}–${Math.min(from + PAGE, list.length)} of ${list.length}${list.length < rows.length ? ` (${rows.length} without the filter)` : ""}`;
    before.hidden = after.hidden = pages === 1;
    before.disabled = page === 0;
    after.disabled = page === pages - 1;
  }
  window.addEventListener("beforeprint", () => { all = true; fill(); });
  window.addEventListener("afterprint", () => { all = false; fill(); });
  fill();
  return {
    node,
    show(rowsNow) {
      list = rowsNow;
      page = 0;
      fill();
    },
    fill,
    reveal(row) {
      const at = ordered().indexOf(row);
      if (at >= 0) turnTo(Math.floor(at / PAGE));
    },
  };
}

function numberColumn(key, head, unit, places, text) {
  return { key, head, unit, number: true, value: (row) => row[key], text: text || ((row) => fixed(row[key], places)) };
}

function kindColumn() {
  return { key: "kind", head: "kind", value: (row) => row.kind, text: (row) => el("span", { class: "kind" }, swatch(row.kind), row.kind) };
}

function eventColumns() {
  const peak = prefixed(Math.max(...events.map((e) => e.peak_intensity_w_sr ?? 0), 0), "W/sr");
  return [
    numberColumn("event_id", "event", "", 0, (e) => String(e.event_id)),
    kindColumn(),
    numberColumn("probability", "probability", "", 2),
    numberColumn("p_launch", "p launch", "", 2),
    numberColumn("track_id", "track", "", 0, (e) => `T${e.track_id}`),
    numberColumn("first_time_s", "first seen", "s", 1),
    numberColumn("declared_time_s", "declared", "s", 1),
    numberColumn("launch_time_s", "launch ± σ", "s", 1, (e) => withSigma(e.launch_time_s, e.launch_time_sigma_s)),
    { key: "utc", head: "launch", unit: "UTC", number: true, value: (e) => e.launch_time_s, text: (e) => utc(e.launch_time_s) },
    numberColumn("latitude_deg", "latitude", "deg", 3),
    numberColumn("longitude_deg", "longitude", "deg", 3),
    numberColumn("ellipse_major_km", "95 % ellipse", "km", 1, (e) => known(e.ellipse_major_km) ? `${fixed(e.ellipse_major_km, 1)} × ${fixed(e.ellipse_minor_km, 1)}` : UNKNOWN),
    numberColumn("ellipse_angle_deg", "ellipse axis", "deg", 0),
    numberColumn("heading_deg", "heading ± σ", "deg", 0, (e) => known(e.heading_deg) ? `${fixed(e.heading_deg, 0)} ± ${fixed(e.heading_sigma_deg, 0)}` : UNKNOWN),
    numberColumn("burnout_time_s", "burnout ± σ", "s", 1, (e) => withSigma(e.burnout_time_s, e.burnout_time_sigma_s)),
    numberColumn("peak_intensity_w_sr", "peak ± σ", peak.unit, 0, (e) => known(e.peak_intensity_w_sr)
      ? estimate(e.peak_intensity_w_sr / peak.factor, known(e.peak_intensity_sigma_w_sr) ? e.peak_intensity_sigma_w_sr / peak.factor : null) : UNKNOWN),
  ];
}

function trackColumns() {
  return [
    numberColumn("track_id", "track", "", 0, (t) => `T${t.track_id}`),
    { key: "status", head: "status", value: (t) => t.status, text: (t) => t.status },
    kindColumn(),
    numberColumn("first_time_s", "first", "s", 1),
    numberColumn("confirmed_time_s", "confirmed", "s", 1),
    numberColumn("last_time_s", "last", "s", 1),
    numberColumn("hits", "hits", "", 0),
    numberColumn("misses", "misses", "", 0),
    numberColumn("score", "score", "log L ratio", 1),
    numberColumn("moving_time_s", "moves since", "s", 1),
  ];
}

function tablesSection() {
  const section = byId("tables");
  const more = (shown, all, what) => (shown < all ? ` The ${shown} likeliest of ${all} ${what}.` : "");
  const button = { chosen: (e) => e === state.event, act: choose, name: (e) => `Choose event ${e.event_id}, ${e.kind}` };
  const table = dataTable({ id: "events-table", caption: "Events", columns: eventColumns(), rows: ranked, button });
  const kinds = [...new Set(events.map((e) => e.kind))].sort((a, b) => KINDS.indexOf(a) - KINDS.indexOf(b));
  const least = el("output", {}, "0.00");
  const slide = el("input", { type: "range", min: 0, max: 1, step: 0.05, value: 0, id: "least", "aria-label": "Least probability", oninput: () => {
    least.textContent = (+slide.value).toFixed(2);
    change("filter", { ...state.filter, least: +slide.value });
  } });
  add(section,
    events.length ? el("div", { class: "row control filter", role: "group", "aria-label": "Filter of events" },
      choice("Kind", [["", "all"], ...kinds.map((kind) => [kind, kind])], "", (kind) => change("filter", { ...state.filter, kind })),
      el("label", { class: "control" }, el("span", { class: "whole" }, "Probability from"), slide, least)) : null,
    events.length ? table.node : el("p", { class: "plain" }, tracks.length ? "No events." : "No events and no tracks."),
    el("p", { class: "note", hidden: !events.length }, `Times are seconds after ${data.epoch}; ± is one sigma; ellipses are semi-axes that hold 95 %, the long one clockwise from north. `
      + `– is not known. Launches first, then what is likeliest to be one; the number of an event chooses it.${more(data.counts.events_shown, data.counts.events, "events")}`));
  listen("filter", () => {
    table.show(ranked.filter(passes));
    say(`${count(events.filter(passes).length, "event")} pass the filter`);
  });
  listen("event", (event) => {
    const held = table.node.contains(document.activeElement);
    table.reveal(event);
    if (held) table.node.querySelector("tr[aria-current] button")?.focus();
  });
  const other = dataTable({ id: "tracks-table", caption: "Tracks", columns: trackColumns(), rows: [...tracks].sort((a, b) => a.track_id - b.track_id) });
  if (!tracks.length) return events.length && void add(section, el("p", { class: "plain" }, "No tracks."));
  add(section, other.node, el("p", { class: "note" },
    `A track is called what its event is called.${more(data.counts.tracks_shown, data.counts.tracks, "tracks")}`));
}
