// The picture being enhanced, large: compare, look at full size, paint with the heal brush, click spots off.
let brush = 12; // CSS pixels of the brush's radius
let looking = null; // the look that the server was asked for; the next one waits
let next = null;
let rows = null; // the toolbar, kept while it says the same

const data = () => props.value || {};
const stage = () => root.querySelector(".viewer-stage");
const clamp = (value) => Math.max(0, Math.min(1, value));

// Looking at full size. A small picture is shown at twice its size: at 100 % it is no larger than it was.
const factor = () => {
  const [width, height] = data().full;
  return width <= stage().clientWidth && height <= stage().clientHeight ? 2 : 1;
};

function look(place) {
  next = { place, size: place && [stage().clientWidth / factor(), stage().clientHeight / factor()].map(Math.round) };
  if (!looking) ask();
}

function ask() {
  [looking, next] = [next, null];
  if (looking) trigger("look", looking);
}

function middle() {
  const part = data().part;
  return part ? [part.x + part.width / 2, part.y + part.height / 2] : data().face;
}

function placeOf(event, node) {
  const box = node.getBoundingClientRect();
  return [clamp((event.clientX - box.left) / box.width), clamp((event.clientY - box.top) / box.height)];
}

// A map of the whole picture; the frame on it is dragged, or moved with the arrow keys.
function map() {
  const part = data().part;
  const frame = h("span", { class: "map-frame" });
  const node = h("div", {
    class: "map", role: "slider", tabindex: 0, "data-key": "map", style: `--ratio:${part.ratio}`,
    "aria-label": "Which part is seen at full size; arrow keys move it", "aria-valuenow": 0,
  }, h("img", { src: data().map, alt: "", draggable: "false" }), frame);
  const put = (x, y) => {
    frame.style.cssText = `left:${100 * x}%; top:${100 * y}%; width:${100 * part.width}%; height:${100 * part.height}%`;
    node.setAttribute("aria-valuetext", `${Math.round(100 * (x + part.width / 2))} % from the left, ${Math.round(100 * (y + part.height / 2))} % from the top`);
  };
  const go = (x, y) => {
    const inside = (value, size) => Math.max(size / 2, Math.min(1 - size / 2, value));
    const [cx, cy] = [inside(x, part.width), inside(y, part.height)];
    put(cx - part.width / 2, cy - part.height / 2);
    look([cx, cy]);
  };
  node.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    node.focus({ preventScroll: true });
    node.setPointerCapture(event.pointerId);
    go(...placeOf(event, node));
  });
  node.addEventListener("pointermove", (event) => node.hasPointerCapture(event.pointerId) && go(...placeOf(event, node)));
  node.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const [x, y] = looking?.place || middle();
    go(x + (step[0] * part.width) / 4, y + (step[1] * part.height) / 4);
  });
  put(part.x, part.y);
  return node;
}

// The heal brush: a canvas over the picture. A stroke is shown until the healed picture has come.
function canvas() {
  const node = h("canvas", { class: "brush", "aria-label": "Paint over what is to be healed" });
  const ring = h("span", { class: "brush-ring", "aria-hidden": "true" });
  let points = null;
  const size = () => {
    const box = node.getBoundingClientRect();
    if (node.width !== Math.round(box.width)) [node.width, node.height] = [Math.round(box.width), Math.round(box.height)];
    return box;
  };
  const paint = () => {
    const context = node.getContext("2d");
    context.clearRect(0, 0, node.width, node.height);
    context.strokeStyle = getComputedStyle(root).getPropertyValue("--accent");
    Object.assign(context, { lineWidth: 2 * brush, lineCap: "round", lineJoin: "round", globalAlpha: 0.55 });
    context.beginPath();
    points.forEach(([x, y], at) => context[at ? "lineTo" : "moveTo"](x * node.width, y * node.height));
    if (points.length === 1) context.lineTo(points[0][0] * node.width + 0.1, points[0][1] * node.height);
    context.stroke();
  };
  const follow = (event) => {
    const box = size();
    ring.style.cssText = `left:${event.clientX - box.left}px; top:${event.clientY - box.top}px; width:${2 * brush}px; height:${2 * brush}px`;
  };
  node.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    event.preventDefault();
    node.setPointerCapture(event.pointerId);
    follow(event);
    points = [placeOf(event, node)];
    paint();
  });
  node.addEventListener("pointermove", (event) => {
    follow(event);
    if (!points) return;
    points.push(placeOf(event, node));
    paint();
  });
  const end = () => {
    if (!points) return;
    trigger("paint", { seen: data().name, points, radius: brush / node.width });
    points = null;
  };
  node.addEventListener("pointerup", end);
  node.addEventListener("pointercancel", () => {
    points = null;
    node.width = node.width;
  });
  return [node, ring];
}

// The spots that were found: a ring each, filled words for the screen reader; a click lets one stay or heals it after all.
function spots() {
  const ring = (spot, at) =>
    h("button", {
      type: "button", class: `spot ${spot.stays ? "stays" : ""}`, "aria-pressed": String(!spot.stays), "data-key": `spot ${spot.number}`,
      "aria-label": `Spot ${at + 1}: ${spot.stays ? "stays" : "is healed"}`, title: spot.stays ? "Stays; click to heal it" : "Is healed; click to let it stay",
      style: `left:${100 * spot.x}%; top:${100 * spot.y}%; --r:${100 * spot.r}%`, onclick: () => trigger("spare", { number: spot.number }),
    });
  return h("div", { class: "spots" }, data().spots.map(ring));
}

const mask = (now) => now.mask && h("div", { class: "mask-over", style: `-webkit-mask-image:url(${now.mask}); mask-image:url(${now.mask})` });

function lay(now) {
  fill(root.querySelector(".over.masks"), mask(now));
  fill(root.querySelector(".over.rings"), now.mode === "spots" && spots());
}

function picture() {
  const now = data();
  const box = compare(now);
  box.querySelector(".after").after(h("div", { class: "over masks" }));
  box.append(h("div", { class: "over rings" }));
  if (now.mode === "brush") box.append(...canvas());
  box.addEventListener("dblclick", (event) => {
    if (now.mode !== "compare" || event.target.closest(".map")) return;
    const [x, y] = placeOf(event, box);
    look(now.part ? null : [x, y]);
  });
  if (now.part) {
    const times = factor();
    box.classList.add("part");
    box.style.width = `${now.width * times}px`;
    box.style.height = `${now.height * times}px`;
  }
  return now.part ? [box, map()] : [box];
}

function toolbar() {
  const now = data();
  const button = (key, name, words, more) =>
    h("button", { type: "button", class: "tool-button", "data-key": key, title: words, "aria-label": words, ...more }, icon(name), more.text && h("span", {}, more.text));
  const back = (key, name, what, title) => button(key, name, what ? `${title}: ${what}` : title, { disabled: !what, onclick: () => trigger(key, {}) });
  const mode = (name, sign, text, words) => {
    const on = now.mode === name;
    return button(name, sign, words, { text, "aria-pressed": String(on), onclick: () => trigger("mode", { name: on ? "compare" : name }) });
  };
  const size = now.mode === "brush" && slider({
    label: "Brush size", min: 4, max: 60, step: 1, rest: 12, value: brush, words: (value) => `${2 * value} px`, change: (value) => (brush = value),
  });
  const zoom = now.zoomed ? "Whole picture" : `${100 * factor()} %`;
  return h("div", { class: "easel-bar", role: "toolbar", "aria-label": "Picture" },
    back("undo", "undo", now.undo, "Undo"), back("redo", "redo", now.redo, "Redo"),
    title(now),
    size,
    mode("brush", "brush", "Heal", "Heal brush: paint over what is to go"),
    button("zoom", "loupe", now.zoomed ? "Back to the whole picture" : "Look at it at full size", { text: zoom, "aria-pressed": String(now.zoomed), onclick: () => look(now.zoomed ? null : now.face) }));
}

function title(now) {
  return h("div", { class: "viewer-title" },
    h("h2", {}, now.title),
    now.tag && h("span", { class: "tag" }, now.tag),
    (now.numbers || []).map((number) => h("span", { class: "number", title: number.words }, `${number.name} ${number.value}`)));
}

function words(now) {
  return h("div", { class: "viewer-words" },
    problem(now.error),
    hint(now),
    (now.notes || []).length > 0 && h("p", { class: "muted small" }, now.notes.join(" ")));
}

function hint(now) {
  const says = {
    brush: "Paint over what is to go: it is healed from its surroundings.",
    spots: now.spots?.length ? "A ring is a spot that is healed. Click one to let it stay." : "No spots were found here.",
  }[now.mode];
  const done = () => trigger("mode", { name: "compare" });
  return says && h("p", { class: "muted small" }, says, " ", h("button", { type: "button", class: "link", "data-key": "done", onclick: done }, "Done"));
}

function bar(now) {
  const says = JSON.stringify([now.undo, now.redo, now.mode, now.zoomed, now.title, now.tag, now.numbers]);
  if (says === rows) return;
  rows = says;
  const old = root.querySelector(".easel-bar");
  const key = old.contains(document.activeElement) && document.activeElement.dataset.key;
  old.replaceWith(toolbar());
  if (key) root.querySelector(`.easel-bar [data-key="${key}"]`)?.focus({ preventScroll: true });
}

// While a slider moves only pictures change: the compare handle and the brush stay in the hand.
function swapped(now) {
  if (root.dataset.mode !== now.mode || !swap(now)) return false;
  lay(now);
  const drawn = root.querySelector("canvas.brush");
  if (drawn) drawn.width = drawn.width;
  bar(now);
  return true;
}

function draw() {
  const now = data();
  looking = null;
  root.className = `viewer easel ${now.state || "none"}`;
  if (!now.state || now.state === "none") return fill(root);
  if (now.before) before = now.before;
  if (now.state === "photo") {
    before = null;
    fill(root, h("div", { class: "viewer-stage" }, compare(now)), h("div", { class: "easel-bar" }, title(now)), words({ ...now, mode: "" }));
  } else if (!swapped(now)) {
    if (!stage()) fill(root, h("div", { class: "viewer-stage" }), h("div", { class: "easel-bar" }), words(now));
    rows = null;
    fill(stage(), picture());
    lay(now);
    root.querySelector(".viewer-words").replaceWith(words(now));
    bar(now);
  }
  Object.assign(root.dataset, { shot: now.name, mode: now.mode || "", finished: String(Boolean(now.finished)) });
  if (next) ask();
}

document.addEventListener("keydown", (event) => {
  if (!root.offsetParent || data().state !== "shot" || event.target.matches("input:not([type=range]), textarea")) return;
  const command = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  if (command && (key === "z" || key === "y")) {
    event.preventDefault();
    trigger(key === "y" || event.shiftKey ? "redo" : "undo", {});
  } else if (data().mode === "brush" && (key === "[" || key === "]")) {
    brush = Math.max(4, Math.min(60, brush + (key === "]" ? 3 : -3)));
    rows = null;
    bar(data());
  }
});
onData(draw);
draw();
