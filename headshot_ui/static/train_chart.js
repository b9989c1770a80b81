// A small curve, in the page's ink: a line over the steps, marks that can be chosen, and the same in words.
const SVG = "http://www.w3.org/2000/svg";
function s(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value);
  }
  node.append(...children.flat(2).filter(Boolean));
  return node;
}

const [WIDE, TALL, LEFT, RIGHT, TOP, BOTTOM] = [300, 172, 36, 10, 26, 34]; // the drawing and its margins

// title: what it is; unit: of the y axis; end: the last step; lines: [{ points: [[step, value]], faint }];
// marks: [{ step, value, on, chosen, says }]; low, high: least ends of the y axis; says: the curve in words.
function chart({ title, unit, end, lines, marks = [], low = null, high = null, digits = 0, says, none, pick }) {
  const values = [...lines.flatMap((line) => line.points.map((point) => point[1])), ...marks.map((mark) => mark.value)];
  const box = h("figure", { class: "chart" }, h("figcaption", {}, title));
  if (!values.length) {
    box.append(h("p", { class: "chart-none muted" }, none));
    return box;
  }
  let [least, most] = [Math.min(low ?? Infinity, ...values), Math.max(high ?? -Infinity, ...values)];
  if (most - least < 1e-9) [least, most] = [least - Math.abs(least || 1) / 10, most + Math.abs(most || 1) / 10];
  const x = (step) => LEFT + ((WIDE - LEFT - RIGHT) * step) / Math.max(1, end);
  const y = (value) => TOP + ((TALL - TOP - BOTTOM) * (most - value)) / (most - least);
  const path = (points) => points.map(([step, value], at) => `${at ? "L" : "M"}${x(step).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const across = [least, (least + most) / 2, most].map((value) => [
    s("line", { class: "chart-grid", x1: LEFT, x2: WIDE - RIGHT, y1: y(value), y2: y(value) }),
    text(LEFT - 8, y(value) + 4, value.toFixed(digits), "end")]);
  const along = [0, end / 2, end].map((step, at) => text(x(step), TALL - 18, String(Math.round(step)), ["start", "middle", "end"][at]));
  const dot = (mark) => s("g", { class: `chart-mark${mark.on ? " on" : ""}${mark.chosen ? " chosen" : ""}`, onclick: pick && (() => pick(mark.step)) },
    s("title", {}, mark.says), s("circle", { class: "chart-reach", cx: x(mark.step), cy: y(mark.value), r: 14 }),
    mark.on && s("circle", { class: "chart-ring", cx: x(mark.step), cy: y(mark.value), r: 8 }),
    s("circle", { class: "chart-dot", cx: x(mark.step), cy: y(mark.value), r: mark.chosen ? 5 : 3.5 }));
  box.append(s("svg", { viewBox: `0 0 ${WIDE} ${TALL}`, role: "img", "aria-label": `${title}. ${says}` },
    s("desc", {}, says), across, along,
    text((LEFT + WIDE - RIGHT) / 2, TALL - 2, "steps", "middle"), text(0, 12, unit, "start"),
    lines.map((line) => s("path", { class: `chart-line${line.faint ? " faint" : ""}`, d: path(line.points) })), marks.map(dot)));
  return box;
}

const text = (x, y, words, anchor) => {
  const node = s("text", { x, y, "text-anchor": anchor });
  node.textContent = words;
  return node;
};

// A calm curve through a restless one: the running mean of the last few points.
function calm(points) {
  const span = Math.max(1, Math.round(points.length / 12));
  return points.map(([step], at) => {
    const near = points.slice(Math.max(0, at - span + 1), at + 1);
    return [step, near.reduce((sum, point) => sum + point[1], 0) / near.length];
  });
}
