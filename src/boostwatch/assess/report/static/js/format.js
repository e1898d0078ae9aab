// Numbers, times and places as text. Unknown is a dash.

const UNKNOWN = "–";

function known(value) {
  return typeof value === "number" && Number.isFinite(value);
}

function fixed(value, places) {
  if (!known(value)) return UNKNOWN;
  if (Math.abs(value) >= 1e9) return power(value);
  return value.toFixed(places).replace("-", "−");
}

function power(value) {
  return value.toExponential(2).replace("e+", "e").replace(/-/g, "−");
}

// Three figures, without powers of ten where these are not needed.
function figure(value, digits = 3) {
  if (!known(value)) return UNKNOWN;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return power(value);
  const places = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  return value.toFixed(places).replace("-", "−");
}

// Decimal places that fit an uncertainty: two of its figures at most.
function placesOf(sigma) {
  return known(sigma) && sigma > 0 ? Math.min(Math.max(1 - Math.floor(Math.log10(sigma) + 1e-9), 0), 2) : 1;
}

function withSigma(value, sigma, unit = "") {
  if (!known(value)) return UNKNOWN;
  const places = sigma >= 10 ? 0 : Math.min(placesOf(sigma), 1);
  const about = known(sigma) ? ` ± ${fixed(sigma, places)}` : "";
  return `${fixed(value, places)}${about}${unit}`;
}

const EPOCH_MS = Date.parse(data.epoch);

// UTC of a time in seconds from the epoch; the day only where it is not the epoch's.
function utc(seconds, places = 1) {
  if (!known(seconds)) return UNKNOWN;
  const unit = 10 ** places;
  const when = new Date(Math.round((EPOCH_MS + seconds * 1000) * unit / 1000) / unit * 1000);
  if (!Number.isFinite(when.getTime())) return UNKNOWN;
  const iso = when.toISOString();
  const clock = iso.slice(-13, -5) + (places ? iso.slice(-5, -4 + places) : "");
  const day = iso.slice(0, -14);
  return day === data.epoch.slice(0, 10) ? clock : `${day} ${clock}`;
}

function latitude(value, places = 3) {
  return known(value) ? `${Math.abs(value).toFixed(places)}° ${value >= 0 ? "N" : "S"}` : UNKNOWN;
}

function longitude(value, places = 3) {
  if (!known(value)) return UNKNOWN;
  const turned = turn(value);
  return `${Math.abs(turned).toFixed(places)}° ${turned >= 0 ? "E" : "W"}`;
}

function turn(degrees) {
  return ((degrees + 180) % 360 + 360) % 360 - 180;
}

// A factor and a prefix that bring the largest of many values near 1.
function prefixed(largest, unit) {
  const steps = [[1e9, "G"], [1e6, "M"], [1e3, "k"]];
  const [factor, letter] = steps.find(([f]) => largest >= f) || [1, ""];
  return { factor, unit: letter + unit };
}

// A value and its sigma to two figures of the sigma, in the unit of the value's own size.
function intensity(value, sigma) {
  if (!known(value)) return UNKNOWN;
  const { factor, unit } = prefixed(Math.abs(value), "W/sr");
  return `${estimate(value / factor, known(sigma) ? sigma / factor : null)} ${unit}`;
}

function estimate(value, sigma) {
  if (!known(value)) return UNKNOWN;
  if (!known(sigma) || sigma <= 0) return figure(value);
  const places = placesOf(sigma);
  return `${fixed(value, places)} ± ${fixed(sigma, places)}`;
}

// Kinds in the plural.
function several(number, kind) {
  const many = { launch: "launches", lightning: "lightning", aircraft: "aircraft", unknown: "unknown" }[kind];
  return count(number, kind, many);
}

function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}
