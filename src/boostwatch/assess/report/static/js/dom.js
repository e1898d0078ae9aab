// Elements, their attributes and their children. Text only ever becomes text: nothing here reads markup.

const SVG = "http://www.w3.org/2000/svg";

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined) node.append(child);
  }
  return node;
}

function el(tag, attributes, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function svg(tag, attributes, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function add(node, ...children) {
  return filled(node, null, children);
}

function byId(id) {
  return document.getElementById(id);
}

const PAPER = 940; // px across a landscape page, the narrower of A4 and letter

const ruler = document.createElement("canvas").getContext("2d");
const TYPE = getComputedStyle(document.body).fontFamily;

// How long a text is on the screen, px, in the page's own type.
function lengthOf(text, size = 12, weight = 600) {
  ruler.font = `${weight} ${size}px ${TYPE}`;
  return ruler.measureText(text).width;
}

// Redraws a node's content when its width changes; at once, too, and for paper.
function drawn(node, draw) {
  let width = 0;
  const look = () => {
    const now = Math.round(node.clientWidth);
    if (now > 0 && now !== width) {
      width = now;
      draw(now);
    }
  };
  new ResizeObserver(look).observe(node);
  look();
  window.addEventListener("beforeprint", () => draw(node.clientWidth > byId("main").clientWidth * 0.6 && innerWidth > 900 ? PAPER : PAPER / 2 - 20));
  window.addEventListener("afterprint", () => width && draw(width));
}

// A picture with a name and a description for those who cannot see it.
function picture(width, height, name, description, attributes) {
  const id = `p${picture.count++}`;
  return svg(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-labelledby": `${id}t ${id}d`, ...attributes },
    svg("title", { id: `${id}t` }, name),
    svg("desc", { id: `${id}d` }, description),
  );
}
picture.count = 0;

function say(text) {
  byId("said").textContent = text;
}

function choice(label, options, chosen, onChange) {
  const list = el("select", { onchange: () => onChange(list.value) },
    options.map(([value, text]) => el("option", { value, selected: value === chosen }, text)));
  return el("label", { class: "control" }, label, list);
}

function radios(label, name, options, chosen, onChange) {
  return el("fieldset", { class: "control radios" }, el("legend", {}, label),
    options.map(([value, text]) => el("label", {},
      el("input", { type: "radio", name, value, checked: value === chosen, onchange: () => onChange(value) }),
      el("span", {}, text))));
}

function tick(label, checked, onChange) {
  const box = el("input", { type: "checkbox", checked, onchange: () => onChange(box.checked) });
  return el("label", { class: "tick" }, box, label);
}
