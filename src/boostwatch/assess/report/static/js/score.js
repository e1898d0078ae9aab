// The score against the truth, and what no detector can beat.

function scoreSection() {
  const section = byId("score");
  if (!data.score) {
    add(section, el("p", { class: "plain" }, "No truth to score against: the report was made without a stack, or the stack carries none."));
    section.classList.add("slim");
    return;
  }
  const holder = el("div", { class: "scores" });
  add(section, holder);
  for (const { title, columns, rows, note } of data.score.tables) {
    const number = columns.map((_, i) => i > 0 && rows.every((row) => /^-?$|^[<>]? ?[-+]?\d|^-?inf/.test(row[i])));
    const table = el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": title },
      el("table", { class: "plainly" }, el("caption", {}, title),
        el("thead", {}, el("tr", {}, columns.map((c, i) => el(c ? "th" : "td", { scope: c ? "col" : null, class: number[i] ? "number" : null }, c)))),
        el("tbody", {}, rows.length ? rows.map((row) => el("tr", {}, row.map((cell, i) =>
          el(i ? "td" : "th", { scope: i ? null : "row", class: number[i] ? "number" : null }, tidy(cell)))))
          : el("tr", {}, el("td", { class: "none", colspan: columns.length }, "none")))));
    add(holder, el("div", { class: "table" }, table, note ? el("p", { class: "note" }, note) : null));
    if (title.startsWith("Detection probability") && data.score.detection.length) add(holder, detectionPlot());
  }
}

function tidy(cell) {
  return cell === "-" ? UNKNOWN : cell.replace(/ \.\. /g, " to ").replace(/(^|\s)-(?=\d)/g, "$1−").replace(/ x /g, " × ").replace(/e[+]0?(\d)/g, "e$1").replace(/e-0?(\d)/g, "e−$1").replace(/\binf\b/, "∞");
}

function detectionPlot() {
  const holder = el("div", { class: "canvas limited" });
  drawn(holder, (width) => {
    const rows = data.score.detection;
    const height = 260;
    const area = { left: 44, right: width - 12, top: 28, bottom: height - 40 };
    const image = picture(width, height, "Detection probability by truth snr",
      `From ${rows[0].snr_from} up; the table before has the numbers.`, { class: "plot" });
    const middle = (row) => row.snr_to === null || row.snr_to > 60 ? row.snr_from * 1.3 : Math.max((row.snr_from + row.snr_to) / 2, 0.5);
    const x = logarithmic(0.4, 50, area.left, area.right);
    const y = straight(0, 1, area.bottom, area.top);
    image.append(axes(area, x, y, { xName: "snr of the truth", yName: "detection probability", xMost: 8 }));
    image.append(svg("path", { class: "truelight", d: line(rows.map((row) => [x.at(middle(row)), y.at(row.clairvoyant_probability)])) }));
    for (const row of rows) {
      const p = x.at(middle(row));
      image.append(svg("path", { class: "bar b0", d: `M${p},${y.at(row.probability_low_95)}V${y.at(row.probability_high_95)}` }),
        bandMark(0, p, y.at(row.probability), 3.5));
    }
    holder.replaceChildren(image);
  });
  return el("figure", { class: "table" }, holder,
    el("ul", { class: "legend", "aria-label": "Legend" }, el("li", {}, dot(0), "measured, 95 % interval"),
      el("li", {}, keyLine("truelight"), "clairvoyant limit at the same false alarm rate")));
}
