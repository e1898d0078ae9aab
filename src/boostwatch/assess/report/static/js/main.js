// Everything in its place; the theme; paper.

function theme() {
  const list = byId("theme");
  const set = (value) => {
    if (value) document.documentElement.dataset.theme = value;
    else delete document.documentElement.dataset.theme;
  };
  list.addEventListener("change", () => set(list.value));
  set(list.value); // a browser may have kept it
}

// The step at which the chosen event is declared, or the last one.
function firstStep() {
  const time = state.event?.declared_time_s;
  const { frames } = data.frames;
  if (known(time)) seek(time);
  else if (frames.length) change("step", frames.length - 1);
}

state.event = ranked[0] || null;
theme();
for (const section of [summarySection, mapSection, framesSection, timelineSection, curvesSection, tablesSection, scoreSection, originSection]) {
  section();
}
if (!data.score) byId("to-score").hidden = true;
firstStep();
const opened = [];
window.addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details:not([open])")) {
    part.open = true;
    opened.push(part);
  }
});
window.addEventListener("afterprint", () => opened.splice(0).forEach((part) => { part.open = false; }));
document.documentElement.dataset.ready = "yes";
