// The focal plane, frame by frame: pictures if there are any, detections, tracks and truth over them.

const VIEWS = [["0", "contrast"], ["1", "whitened"]];
const look = { band: 0, view: "0", tone: "", zoom: "", detections: true, tracks: true, truth: truth.length > 0 };

// Where a path (frames f, positions x, y without the scene's shift) is at a frame; null before its begin or after its end.
function placeAt(path, frame) {
  const { f, x, y } = path;
  if (frame < f[0] || frame > f[f.length - 1]) return null;
  let i = f.findIndex((n) => n >= frame);
  if (f[i] === frame || i === 0) return [x[i], y[i]];
  const s = (frame - f[i - 1]) / (f[i] - f[i - 1]);
  return [x[i - 1] + s * (x[i] - x[i - 1]), y[i - 1] + s * (y[i] - y[i - 1])];
}

function framesSection() {
  const section = byId("frames");
  const { frames, images, time } = data.frames;
  if (!frames.length) {
    const read = +data.provenance.lines.find(([name]) => name === "frames read")?.[1] || 0;
    add(section, el("p", { class: "plain" }, read ? `${count(read, "frame")} read; the events file lists none of them, and the report was made without the stack.`
      : "The events file lists no frames, and the report was made without the stack."));
    section.classList.add("slim");
    return;
  }
  const holder = el("div", { class: "canvas on-image" });
  const slider = el("input", {
    type: "range", id: "step", min: 0, max: frames.length - 1, value: 0, step: 1, "aria-label": "Frame",
    oninput: () => change("step", +slider.value),
  });
  const told = el("output", { for: "step" });
  const play = el("button", { type: "button", onclick: () => (timer ? stop() : start()) }, "Play");
  let timer = 0;
  const start = () => {
    play.textContent = "Pause";
    timer = setInterval(() => change("step", (state.step + 1) % frames.length), 160);
  };
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
  };
  const step = (by) => change("step", Math.min(Math.max(state.step + by, 0), frames.length - 1));
  const redraw = (name) => (value) => {
    look[name] = value;
    draw();
  };
  const bands = data.bands.slice(0, images ? images.length : undefined);
  const options = bands.map((band, i) => [String(i), bandName(i)]);
  add(section,
    holder,
    el("div", { class: "row control", role: "group", "aria-label": "Frame" },
      el("button", { type: "button", "aria-label": "Frame before", onclick: () => step(-1) }, "‹"),
      play,
      el("button", { type: "button", "aria-label": "Frame after", onclick: () => step(1) }, "›"),
      slider),
    told,
    el("div", { class: "row control" },
      options.length > 1 ? (options.length > 4 ? choice : radiosOf)("Band", options, "0", (v) => redraw("band")(+v)) : null,
      images ? radiosOf("View", VIEWS, "0", redraw("view")) : null,
      images ? choice("Tone", [["", "plain"], ["strong", "stronger"], ["inverted", "inverted"]], "", redraw("tone")) : null,
      choice("Zoom", [["", "whole frame"], ["4", "4 × on the chosen"], ["8", "8 × on the chosen"]], "", redraw("zoom"))),
    el("div", { class: "row control" },
      tick("detections", true, redraw("detections")), tick("tracks", true, redraw("tracks")),
      truth.length ? tick("truth", true, redraw("truth")) : null),
    el("p", { class: "note" }, frameNote()),
  );

  function radiosOf(label, of, chosen, act) {
    return radios(label, `r-${label}`, of, chosen, act);
  }

  let width = 0;
  function draw() {
    if (!width) return;
    const frame = frames[state.step];
    const [dx, dy] = data.frames.shift[state.step];
    const { width: w, height: h } = data.plane;
    const area = { left: 40, top: 8, right: width - 8, bottom: 0 };
    const shown = windowOf(frame, dx, dy, w, h);
    const scale = Math.min((area.right - area.left) / shown.w, 640 / shown.h);
    area.right = area.left + shown.w * scale;
    area.bottom = area.top + shown.h * scale;
    const image = picture(width, area.bottom + 36, "Focal plane", describe(frame), { class: "plot" });
    const inner = svg("svg", {
      x: area.left, y: area.top, width: shown.w * scale, height: shown.h * scale,
      viewBox: `${shown.x} ${shown.y} ${shown.w} ${shown.h}`, preserveAspectRatio: "none",
    });
    inner.append(svg("rect", { class: "dark", x: -0.5, y: -0.5, width: w, height: h }));
    const uri = images ? images[look.band][+look.view][state.step] : "";
    if (uri) {
      const block = data.frames.reduced;
      inner.append(svg("image", {
        x: -0.5, y: -0.5, width: Math.ceil(w / block) * block, height: Math.ceil(h / block) * block, href: uri,
        preserveAspectRatio: "none", class: `pixels ${look.tone}`,
      }));
    } else if (images) {
      inner.append(svg("text", { x: shown.x + shown.w / 2, y: shown.y + shown.h / 2, "text-anchor": "middle", class: "label",
        "font-size": 13 / scale }, "this band of this frame is damaged"));
    }
    const over = svg("g", { class: "over" });
    if (look.tracks) drawTracks(over, frame, dx, dy, scale, shown);
    if (look.truth) drawTruth(over, frame, dx, dy, scale);
    if (look.detections) drawDetections(over, scale);
    inner.append(over);
    const x = straight(shown.x, shown.x + shown.w, area.left, area.right);
    const y = straight(shown.y, shown.y + shown.h, area.top, area.bottom);
    image.append(inner, axes(area, x, y, { xName: "x (px)", grid: false, xMost: 6, yMost: 6 }),
      svg("text", { class: "name", x: 12, y: (area.top + area.bottom) / 2, "text-anchor": "middle",
        transform: `rotate(-90 12 ${(area.top + area.bottom) / 2})` }, "y (px)"));
    const old = holder.querySelector("image");
    const show = () => holder.replaceChildren(image);
    if (uri && old && old.getAttribute("href") !== uri) { // decoded first, so that nothing flickers
      const ready = new Image();
      ready.src = uri;
      const wanted = state.step;
      ready.decode().then(() => wanted === state.step && show(), show);
    } else show();
    slider.value = state.step;
    slider.setAttribute("aria-valuetext", describe(frame));
    told.replaceChildren(
      el("span", {}, `frame ${frame}`), el("span", {}, known(time[state.step]) ? `${utc(time[state.step])} UTC` : ""),
      el("span", {}, known(time[state.step]) ? `${fixed(time[state.step], 1)} s` : ""),
      el("span", {}, count(mine().length, "detection")));
  }

  const mine = () => data.frames.detections[state.step].filter(([band]) => band === look.band);

  function describe(frame) {
    return `Frame ${frame}, ${utc(cursorTime())} UTC, ${bandName(look.band)}, ${count(mine().length, "detection")}`;
  }

  // What of the focal plane is shown: all, or a square about the chosen event's track.
  function windowOf(frame, dx, dy, w, h) {
    const whole = { x: -0.5, y: -0.5, w, h };
    if (!look.zoom || !state.event) return whole;
    const path = data.paths[state.event.track_id];
    const size = [w / look.zoom, h / look.zoom];
    const at = path && (placeAt(path, frame) || (frame < path.f[0] ? [path.x[0], path.y[0]] : [path.x.at(-1), path.y.at(-1)]));
    const [cx, cy] = at ? [at[0] + dx, at[1] + dy] : [state.event.x0, state.event.y0];
    if (!known(cx) || !known(cy)) return whole;
    return { x: cx - size[0] / 2, y: cy - size[1] / 2, w: size[0], h: size[1] };
  }

  function drawTracks(over, frame, dx, dy, scale, shown) {
    const free = places();
    const labels = svg("g", {});
    const crowded = Object.entries(data.paths).filter(([id, path]) => eventOf.has(+id) && placeAt(path, frame)).length > 14;
    const list = Object.entries(data.paths).map(([id, path]) => [trackOf.get(+id), path])
      .sort((a, b) => rank(b[0]) - rank(a[0]));
    const rings = list.map(([, path]) => placeAt(path, frame)).filter(Boolean)
      .map(([px, py]) => [px + dx - 8 / scale, py + dy - 8 / scale, 16 / scale, 16 / scale]);
    for (const [track, path] of list) {
      if (!track) continue;
      const event = eventOf.get(track.track_id);
      const chosen = event && event === state.event;
      if (path.f[0] > frame && !chosen) continue;
      const here = placeAt(path, frame);
      if (!here && !event) continue;
      const points = path.x.map((px, i) => [px + dx, path.y[i] + dy]);
      const past = here ? [...points.filter((_, i) => path.f[i] <= frame), [here[0] + dx, here[1] + dy]] : points;
      const name = `path ${kindClass(track.kind)}${here ? "" : " over"}${chosen ? " chosen" : ""}`;
      over.append(svg("path", { class: `${name} rim`, d: fine(past) }), svg("path", { class: name, d: fine(past) }));
      if (!here) continue;
      const [cx, cy] = [here[0] + dx, here[1] + dy];
      const r = 8 / scale;
      over.append(svg("circle", { class: "ring rim", cx, cy, r }), svg("circle", { class: `ring ${kindClass(track.kind)}`, cx, cy, r }));
      if (!event || crowded && !chosen && event.kind !== "launch") continue;
      const text = nameOf(event);
      const [long, high] = [lengthOf(text, 11.5) / scale, 14 / scale];
      const foot = Math.max(cy - 2 / scale, shown.y + 12 / scale);
      const sides = [cx + 16 / scale, cx - 16 / scale - long].filter((x) => x > shown.x && x + long < shown.x + shown.w);
      const at = sides.find((x) => !covered(rings, x, foot - 12 / scale, long, high)) ?? (chosen ? sides[0] : undefined);
      if (at !== undefined && (free(at, foot - 12 / scale, long, high) || chosen)) {
        labels.append(svg("text", { class: `label ${kindClass(track.kind)}`, x: at, y: foot, "font-size": 11.5 / scale,
          "stroke-width": 3 / scale }, text));
      }
    }
    over.append(labels);
  }

  const rank = (track) => track ? (state.event && track.track_id === state.event.track_id ? 4 : 0)
    + (track.kind === "launch" ? 2 : 0) + (eventOf.has(track.track_id) ? 1 : 0) : -1;

  const fine = (points) => points.map(([px, py], i) => `${i ? "L" : "M"}${px.toFixed(2)},${py.toFixed(2)}`).join("");

  function drawTruth(over, frame, dx, dy, scale) {
    for (const thing of truth) {
      const path = data.truth.paths[thing.object_id];
      const here = path && path.f.length ? placeAt(path, frame) : null;
      if (!here) continue;
      const [cx, cy, r] = [here[0] + dx, here[1] + dy, 12 / scale];
      over.append(svg("path", { class: "true", d: `M${cx - r},${cy - r}h${2 * r}v${2 * r}h${-2 * r}Z` },
        svg("title", {}, `truth: ${thing.name || thing.kind}`)));
    }
  }

  function drawDetections(over, scale) {
    for (const [, cx, cy, snr, track, added] of mine()) {
      const r = 4 / scale;
      over.append(svg("path", {
        class: `found${track < 0 ? " lone" : ""}${added > 1 ? " added" : ""}`,
        d: `M${cx - r},${cy}h${2 * r}M${cx},${cy - r}v${2 * r}`,
      }, svg("title", {}, `snr ${figure(snr)}${added > 1 ? `, in ${added} frames together` : ""}`)));
    }
  }

  function frameNote() {
    if (!images) return "Crosses are detections, rings are tracks. The report was made without the stack: there are no pictures.";
    const scale = data.frames.scale[0];
    const parts = data.frames.scale.map((s, i) =>
      `${bandName(i)} ${figure(s.low)} to ${figure(s.high)} ${s.unit}`);
    return `Crosses are detections in this band (thin: in no track), rings are tracks${truth.length ? ", squares the truth" : ""}. `
      + `${frames.length} of ${data.frames.total} frames. ${scale.unit === "DN" ? "Signal" : "In-band radiance"} from black to white: ${parts.join("; ")}. `
      + "Whitened: frame minus earlier frames over the noise about each pixel, 1 σ (black) to 8 σ (white). Pictures are 8 bits and lossy, "
      + `${data.frames.reduced > 1 ? `each of their pixels is ${data.frames.reduced} × ${data.frames.reduced} of the sensor's, ` : ""}`
      + "for the eye only."
      + (data.frames.left_out ? ` ${data.frames.left_out} more bands are not shown.` : "");
  }

  drawn(holder, (now) => {
    width = now;
    draw();
  });
  listen("step", draw);
  listen("event", draw);
  window.addEventListener("beforeprint", stop);
}

function bandName(i) {
  const band = data.bands[i];
  if (!band) return `band ${i}`;
  return known(band.lower_um) ? `${band.name} ${band.lower_um.toFixed(2)}–${band.upper_um.toFixed(2)} µm` : band.name;
}
