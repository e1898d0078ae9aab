// The map: land, launch points with their ellipses, headings, tracks on the ground, the camera's footprint.

const EARTH_KM = 6371.0;
const RAD = Math.PI / 180;

// The point at a distance (km) and direction (degrees from north) on a sphere: Vincenty's direct problem is not needed
// at the size of a symbol.
function offset([lon, lat], km, bearing) {
  const d = km / EARTH_KM;
  const [s, c] = [Math.sin(lat * RAD), Math.cos(lat * RAD)];
  const sinLat = s * Math.cos(d) + c * Math.sin(d) * Math.cos(bearing * RAD);
  const east = Math.sin(bearing * RAD) * Math.sin(d) * c;
  return [lon + Math.atan2(east, Math.cos(d) - s * sinLat) / RAD, Math.asin(Math.min(Math.max(sinLat, -1), 1)) / RAD];
}

function ellipseRim(event) {
  const at = [event.longitude_deg, event.latitude_deg];
  return Array.from({ length: 65 }, (_, i) => {
    const t = -i * Math.PI / 32;
    const [along, across] = [event.ellipse_major_km * Math.cos(t), event.ellipse_minor_km * Math.sin(t)];
    return offset(at, Math.hypot(along, across), event.ellipse_angle_deg + Math.atan2(across, along) / RAD);
  });
}

const placed = events.filter((event) =>
  known(event.latitude_deg) && known(event.longitude_deg) && Math.abs(event.latitude_deg) <= 90);

function mapSection() {
  const section = byId("where");
  if (!data.map) {
    add(section, el("p", { class: "plain" }, events.length
      ? "No event has a place on Earth: the frames came without pointing, or from a list of detections. Where their light fell "
        + "is on the focal plane."
      : "No events: there is nothing to put on a map."));
    section.classList.add("slim");
    return;
  }
  const wide = data.map.reach_deg > 75; // the whole Earth, on one sheet
  const home = { centre: wide ? [data.map.centre[0], 0] : data.map.centre, scale: null };
  const view = { centre: [...home.centre], scale: 1 };
  let [width, height] = [0, 0];
  const holder = el("div", {
    class: `canvas map${wide ? " wide" : ""}`, tabindex: 0, role: "application", "aria-label": "Map", "aria-describedby": "map-help",
  });
  const buttons = el("div", { class: "buttons control", role: "group", "aria-label": "Map view" },
    el("button", { type: "button", "aria-label": "Zoom in", title: "Zoom in (+)", onclick: () => zoom(1.6) }, "+"),
    el("button", { type: "button", "aria-label": "Zoom out", title: "Zoom out (−)", onclick: () => zoom(1 / 1.6) }, "−"),
    el("button", { type: "button", "aria-label": "Whole scene", title: "Whole scene (0)", onclick: reset }, "⌂"),
    placed.length ? el("button", { type: "button", "aria-label": "Centre on the chosen event", title: "Centre on the chosen event (C)", onclick: centre }, "◎") : null);
  add(section,
    el("div", { class: "mapbox" }, holder, buttons),
    legend(data.kinds.filter((kind) => placed.some((event) => event.kind === kind)), [
      placed.some((e) => known(e.ellipse_major_km)) && el("li", {}, keyLine("ellipse"), "95 % ellipse"),
      placed.some((e) => known(e.heading_deg)) && el("li", {}, keyLine("heading"), "heading ± 1 σ"),
      Object.keys(data.map.tracks).length ? el("li", {}, keyLine("groundtrack"), "track, where its line of sight meets the ground") : null,
      data.map.footprint.length ? el("li", {}, keyLine("footprint"), "first frame") : null,
      truth.some((thing) => thing.kind === "launch") ? el("li", {}, keyLine("true"), "true launch") : null,
      truth.some((thing) => thing.kind !== "launch") ? el("li", {}, keyLine("square"), "truth of other kinds") : null,
    ].filter(Boolean)),
    el("p", { class: "note control", id: "map-help" },
      "Drag or arrow keys move, + and − zoom, C centres on the chosen event, 0 shows the whole scene. The tables below say the same in numbers."),
  );
  if (!events.length) add(section, el("p", { class: "plain" }, "No events."));

  function reset() {
    view.centre = [...home.centre];
    view.scale = home.scale;
    draw();
  }
  function centre() {
    if (!placed.includes(state.event)) return say("The chosen event has no place on Earth");
    view.centre = [turn(state.event.longitude_deg), state.event.latitude_deg];
    draw();
    say(`Map: centred on ${nameOf(state.event)}`);
  }
  function zoom(factor) {
    view.scale = Math.min(Math.max(view.scale * factor, Math.min(width, height) / 3), 4e5);
    draw();
    say(`Map: ${barText()}`);
  }
  function move(dx, dy) {
    const [lon, lat] = view.centre;
    const squeeze = Math.max(Math.cos(lat * RAD), 0.1);
    view.centre = [turn(lon - dx / view.scale / RAD / squeeze), Math.min(Math.max(lat + dy / view.scale / RAD, -89), 89)];
    draw();
  }
  function barText() {
    return `${Math.round(width / view.scale * EARTH_KM)} km across`;
  }
  holder.addEventListener("keydown", (press) => {
    const acts = {
      ArrowLeft: () => move(width / 8, 0), ArrowRight: () => move(-width / 8, 0),
      ArrowUp: () => move(0, height / 8), ArrowDown: () => move(0, -height / 8),
      "+": () => zoom(1.6), "=": () => zoom(1.6), "-": () => zoom(1 / 1.6), "0": reset, Home: reset, c: centre, C: centre,
    };
    if (acts[press.key] && !press.ctrlKey && !press.metaKey && !press.altKey) {
      press.preventDefault();
      acts[press.key]();
    }
  });
  holder.addEventListener("wheel", (roll) => {
    if (!roll.ctrlKey && !roll.metaKey) return; // the page scrolls
    roll.preventDefault();
    zoom(Math.exp(-roll.deltaY / 300));
  }, { passive: false });
  let held = null;
  holder.addEventListener("pointerdown", (press) => {
    held = [press.clientX, press.clientY];
  });
  holder.addEventListener("pointermove", (press) => {
    if (!held || !(press.buttons & 1)) return;
    const [dx, dy] = [press.clientX - held[0], press.clientY - held[1]];
    if (Math.hypot(dx, dy) < 3) return; // a click
    held = [press.clientX, press.clientY];
    holder.setPointerCapture(press.pointerId);
    move(dx, dy);
  });
  holder.addEventListener("pointerup", () => { held = null; });

  function projection() {
    const made = wide
      ? d3geo.geoEqualEarth().rotate([-view.centre[0], 0])
      : d3geo.geoOrthographic().rotate([-view.centre[0], -view.centre[1]]).clipAngle(90 - 1e-3);
    made.scale(view.scale).translate([0, 0]);
    const [cx, cy] = made(view.centre);
    return made.translate([width / 2 - cx, height / 2 - cy]).clipExtent([[-20, -20], [width + 20, height + 20]]).precision(0.3);
  }

  function draw() {
    if (!width) return;
    const project = projection();
    const path = d3geo.geoPath(project).digits(1);
    const seen = (at) => wide || d3geo.geoDistance(at, view.centre) < Math.PI / 2;
    const fine = !wide && data.map.fine.length && Math.hypot(width, height) / 2 / view.scale / RAD
      + d3geo.geoDistance(view.centre, home.centre) / RAD < data.map.fine_reach_deg * 0.95;
    const kinds = data.kinds.map((kind) => [placed.filter((e) => e.kind === kind).length, kind]).filter(([n]) => n);
    const image = picture(width, height, "Map of the events",
      `${count(placed.length, "event")} with a place: ${kinds.map(([n, kind]) => `${n} ${kind}`).join(", ") || "none"}. `
      + "The events table has the same in numbers.", { class: "plot" });
    const put = (tag, attributes, ...children) => image.append(svg(tag, attributes, ...children));
    put("path", { class: "sea", d: path({ type: "Sphere" }) });
    put("path", { class: "land", d: path({ type: "MultiPolygon", coordinates: fine ? data.map.fine : data.map.coarse }) });
    image.append(graticule(project, path));
    if (data.map.footprint.length) {
      const rim = [...data.map.footprint, data.map.footprint[0]];
      put("path", { class: "footprint", d: path({ type: "LineString", coordinates: rim }) });
    }
    for (const [id, points] of Object.entries(data.map.tracks)) {
      const event = eventOf.get(+id);
      if (event && points.length > 1) {
        put("path", { class: `groundtrack ${kindClass(event.kind)}`, d: path({ type: "LineString", coordinates: points }) });
      }
    }
    for (const thing of truth) {
      const at = [thing.longitude_deg, thing.latitude_deg];
      if (known(at[0]) && known(at[1]) && seen(at)) {
        const [x, y] = project(at);
        put("path", { class: "true", d: thing.kind === "launch" ? star(9) : "M-6,-6h12v12h-12Z", transform: `translate(${x},${y})` },
          svg("title", {}, `truth: ${thing.name || thing.kind}`));
      }
    }
    // Launches and the chosen one on top.
    const order = [...placed].sort((a, b) => (a === state.event) - (b === state.event)
      || (a.kind === "launch") - (b.kind === "launch"));
    const spots = new Map(); // of launches and the chosen one: what has a name
    const firm = [[width - 42, 4, 38, 142]]; // boxes that no name may cover: the buttons, marks and arrows of what has one
    const soft = []; // that few should: all other marks
    for (const event of order) {
      const at = [event.longitude_deg, event.latitude_deg];
      if (!seen(at)) continue;
      const [x, y] = project(at);
      if (x < -50 || y < -50 || x > width + 50 || y > height + 50) continue;
      const named = event.kind === "launch" || event === state.event;
      if (named) spots.set(event, [x, y]);
      (named ? firm : soft).push([x - 5, y - 5, 10, 10]);
      const g = svg("g", { class: `event ${kindClass(event.kind)}`, onclick: () => choose(event) });
      const reach = event.ellipse_major_km / EARTH_KM * view.scale;
      if (reach > 3 && event.ellipse_minor_km > 0 && (event.kind === "launch" || event === state.event || placed.length < 60)) {
        g.append(svg("path", { class: "ellipse", d: path({ type: "LineString", coordinates: ellipseRim(event) }) }));
      }
      if (known(event.heading_deg)) {
        const arrow = heading(event, at, project);
        g.append(...arrow.parts);
        const [dx, dy] = [arrow.tip[0] - x, arrow.tip[1] - y];
        for (let s = 0.25; s <= 1; s += 0.25) firm.push([x + s * dx - 4, y + s * dy - 4, 8, 8]);
      }
      g.append(svg("g", { transform: `translate(${x},${y})` },
        event === state.event ? svg("circle", { class: "chosen", r: 11 }) : null,
        mark(event.kind, event.kind === "launch" ? 6 : placed.length > 150 ? 3.5 : 4.5),
        svg("circle", { class: "touch", r: 12 }),
        svg("title", {}, `${nameOf(event)}, probability ${fixed(event.probability, 2)}`)));
      image.append(g);
    }
    // The likeliest first, where it covers least; what comes later and finds no room stays without a name.
    const labels = svg("g", { class: "labels" });
    for (const event of [...spots.keys()].sort((p, q) => (q === state.event) - (p === state.event) || ranked.indexOf(p) - ranked.indexOf(q))) {
      const [x, y] = spots.get(event);
      const text = nameOf(event);
      const long = lengthOf(text);
      const gap = event === state.event ? 15 : 11; // its ring
      const [left, right, middle] = [x - gap - long, x + gap, x - long / 2];
      const spot = [[left, y + 4], [right, y + 4], [right, y + 22], [left, y + 22], [right, y - 14], [left, y - 14], [middle, y - 14], [middle, y + 24]]
        .filter(([px, py]) => px > 2 && px + long < width - 2 && py > 14 && py < height - 4 && !covered(firm, px, py - 11, long, 14))
        .map(([px, py]) => [covered(soft, px, py - 11, long, 14), px, py])
        .sort((a, b) => a[0] - b[0])[0];
      if (!spot) continue;
      const [, px, py] = spot;
      firm.push([px, py - 11, long, 14]);
      labels.append(svg("text", { x: px, y: py, class: kindClass(event.kind) }, text));
    }
    image.append(labels);
    if (!wide) image.append(scaleBar());
    holder.replaceChildren(image);
  }

  // An arrow as long on the screen for each event, and the sector of one sigma to its sides.
  function heading(event, at, project) {
    const km = 46 / view.scale * EARTH_KM;
    const tip = project(offset(at, km, event.heading_deg));
    const from = project(at);
    const parts = [];
    if (known(event.heading_sigma_deg) && event.heading_sigma_deg < 80) {
      const rim = [-1, -0.5, 0, 0.5, 1].map((s) => project(offset(at, km, event.heading_deg + s * event.heading_sigma_deg)));
      parts.push(svg("path", { class: "sector", d: `${line([from, ...rim])}Z` }));
    }
    const angle = Math.atan2(tip[1] - from[1], tip[0] - from[0]) / RAD;
    parts.push(svg("path", { class: "heading", d: line([from, tip]) }),
      svg("path", { class: "tip", d: "M1,0L-7,-3.5V3.5Z", transform: `translate(${tip[0]},${tip[1]}) rotate(${angle})` }));
    return { parts, tip };
  }

  function graticule(project, path) {
    const across = width / view.scale / RAD;
    const steps = [30, 15, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01];
    const step = steps.find((s) => across / s >= 3) || 0.01;
    const reach = Math.min(across * 2 + 2 * step, 180);
    const g = svg("g", { class: "axes" });
    const round = (v) => Math.round(v / step) * step;
    const squeeze = Math.max(Math.cos(view.centre[1] * RAD), 0.15);
    const places_ = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const [lon0, lat0] = view.centre.map(round);
    const half = Math.ceil(reach / step / 2);
    const free = places();
    for (let i = -half; i <= half; i++) {
      const lat = lat0 + i * step;
      if (Math.abs(lat) >= 90) continue;
      const wideLon = Math.min(reach / squeeze, 180);
      const parallel = Array.from({ length: 91 }, (_, j) => [view.centre[0] - wideLon + wideLon * j / 45, lat]);
      g.append(svg("path", { class: "grid", d: path({ type: "LineString", coordinates: parallel }) }));
      label(parallel, 0, latitude(lat, places_));
    }
    const lonStep = step * ([1, 2, 5].find((m) => m * squeeze >= 0.7) || 10);
    const lonHalf = Math.min(Math.ceil(reach / squeeze / lonStep / 2), Math.floor(180 / lonStep));
    for (let i = -lonHalf; i <= lonHalf; i++) {
      const lon = Math.round(lon0 / lonStep) * lonStep + i * lonStep;
      const meridian = Array.from({ length: 61 }, (_, j) =>
        [lon, Math.min(Math.max(view.centre[1] - reach / 1.5 + reach / 45 * j, -90), 90)]);
      g.append(svg("path", { class: "grid", d: path({ type: "LineString", coordinates: meridian }) }));
      label(meridian, 1, longitude(lon, places_));
    }
    // A name where a line of the grid enters at the left or at the lower edge.
    function label(points, axis, text) {
      const edge = axis ? height : 0;
      for (let j = 0; j + 1 < points.length; j++) {
        const [a, b] = [points[j], points[j + 1]];
        if (!wide && d3geo.geoDistance(a, view.centre) > 1.4) continue;
        const [p, q] = [project(a), project(b)];
        if ((p[axis] - edge) * (q[axis] - edge) > 0 || p[axis] === q[axis]) continue;
        const s = (edge - p[axis]) / (q[axis] - p[axis]);
        const other = p[1 - axis] + s * (q[1 - axis] - p[1 - axis]);
        const [x, y] = axis ? [other, height - 6] : [5, other - 4];
        const long = text.length * 6.2;
        if (x - (axis ? long / 2 : 0) < 2 || x + long > width - (axis ? 0 : 60) || y < 14 || !axis && y > height - 22) return;
        if (free(axis ? x - long / 2 : x, y - 11, long, 13)) {
          g.append(svg("text", { x, y, "text-anchor": axis ? "middle" : "start" }, text));
        }
        return;
      }
    }
    return g;
  }

  function scaleBar() {
    const perKm = view.scale / EARTH_KM;
    const raw = 110 / perKm;
    const decade = 10 ** Math.floor(Math.log10(raw));
    const km = decade * [5, 2, 1].find((m) => m * decade <= raw);
    const [right, y] = [width - 12, height - 26];
    return svg("g", { class: "scale" },
      svg("path", { d: `M${right - km * perKm},${y - 4}v4H${right}v-4` }),
      svg("text", { x: right - km * perKm / 2, y: y - 7, "text-anchor": "middle" }, `${figureShort(km)} km`));
  }

  drawn(holder, (now) => {
    const first = home.scale === null;
    const before = home.scale;
    width = now;
    height = Math.round(wide ? now * 0.53 : Math.min(Math.max(now * 0.96, 280), 640));
    const reach = Math.min(data.map.reach_deg, 75) * RAD;
    home.scale = wide ? width / 5.6 : 0.44 * Math.min(width, height) / Math.sin(reach);
    view.scale = first ? home.scale : view.scale * home.scale / before;
    draw();
  });
  listen("event", draw);
}

function star(r) {
  return "M" + Array.from({ length: 10 }, (_, i) => {
    const size = i % 2 ? r * 0.42 : r;
    const angle = -Math.PI / 2 + i * Math.PI / 5;
    return `${(size * Math.cos(angle)).toFixed(2)},${(size * Math.sin(angle)).toFixed(2)}`;
  }).join("L") + "Z";
}

function keyLine(name) {
  const shapes = {
    ellipse: () => svg("ellipse", { class: "ellipse", rx: 9, ry: 5 }),
    heading: () => svg("path", { class: "heading", d: "M-9,0H9M4,-4L9,0L4,4" }),
    true: () => svg("path", { class: "true", d: star(7) }),
    square: () => svg("path", { class: "true", d: "M-6,-6h12v12h-12Z" }),
  };
  const shape = shapes[name] ? shapes[name]() : svg("path", { class: name, d: "M-9,0H9" });
  return svg("svg", { class: "swatch", viewBox: "-10 -8 20 16", width: 20, height: 14, "aria-hidden": "true" }, shape);
}
