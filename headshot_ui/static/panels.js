// The panels that every recipe's drawer has, and how they fold. They read `recipe` and change it with
// `set(part, values, redraw)`; `SECTIONS` names the panels and `section` the open one: all of the widget that uses them.
const more = new Set(); // folds that are open

const percent = (value) => `${Math.round(100 * value)} %`;
const signed = (value, unit) => `${value > 0 ? "+" : value < 0 ? "−" : ""}${Math.abs(value).toFixed(1)} ${unit}`;
const range = (part, name, label, min, max, words = percent, rest = 0, step = 0.01) =>
  slider({ label, min, max, step, rest, words, value: recipe[part][name], change: (value) => set(part, { [name]: value }) });
const find = (list, name) => list.find((item) => item.name === name) || list[0];

function details(name, label, ...content) {
  const node = h("details", { class: "more", open: more.has(name) }, h("summary", { "data-key": `more ${name}` }, label), ...content);
  node.addEventListener("toggle", () => (node.open ? more.add(name) : more.delete(name)));
  return node;
}

// Frame.

function frameIcon(frame) {
  const scale = 30 / Math.max(frame.width, frame.height);
  const [w, h_] = [frame.width * scale, frame.height * scale];
  return h("span", { class: "frame-shape", "aria-hidden": "true" }, h("span", { class: frame.circle ? "circle" : "", style: `width:${w}px;height:${h_}px` }));
}

function frames() {
  const button = (frame) =>
    h("button", {
      type: "button", class: "frame-choice", role: "radio", "aria-checked": String(frame.name === recipe.frame.name), title: frame.purpose,
      "data-key": `frame ${frame.name}`, onclick: () => set("frame", { name: frame.name, width: null, height: null }, true),
    }, frameIcon(frame), h("span", {}, frame.title));
  const current = find(props.frames, recipe.frame.name);
  return [
    rove(h("div", { class: "frame-grid", role: "radiogroup", "aria-label": "Frame" }, props.frames.map(button))),
    h("p", { class: "small muted" }, current.purpose),
    current.name === "free" && freeSize(current),
    range("frame", "zoom", "Zoom", 0.5, 2, (value) => `${value.toFixed(2)} ×`, 1),
    range("frame", "shift_x", "Left and right", -0.5, 0.5, percent, 0),
    range("frame", "shift_y", "Up and down", -0.5, 0.5, percent, 0),
    h("label", { class: "check" }, h("input", { type: "checkbox", checked: recipe.frame.straighten, "data-key": "straighten", onchange: (event) => set("frame", { straighten: event.target.checked }) }), h("span", {}, "Straighten the head")),
  ];
}

function freeSize(current) {
  const input = (name, label) =>
    h("label", { class: "pixels" }, h("span", {}, label), h("input", {
      type: "number", min: 64, max: 6000, value: recipe.frame[name] || current[name], "data-key": name,
      onchange: (event) => event.target.value >= 64 && event.target.value <= 6000 && set("frame", { [name]: Math.round(event.target.value) }),
    }));
  return h("div", { class: "pixel-row" }, input("width", "Width, pixels"), input("height", "Height, pixels"));
}

// Backdrop.

let thumbnails = null; // asked for once, when the backdrops are first opened
async function showThumbnails() {
  thumbnails = thumbnails || server.backdrop_pictures();
  const own = { original: props.value.photo, original_blur: props.value.photo };
  for (const [name, picture] of Object.entries({ ...(await thumbnails), ...own })) {
    const swatch = root.querySelector(`[data-swatch="${name}"]`);
    if (swatch) swatch.style.backgroundImage = `url(${picture})`;
  }
}

async function ownBackdrop() {
  const look = props.value.look;
  const file = await choosePicture();
  if (!file) return;
  try {
    trigger("own", { look, path: await send(file) });
  } catch (error) {
    trouble(error);
  }
}

const trouble = (error) => root.querySelector(".drawer-problem")?.replaceChildren(problem(error) || "");

function backdrops() {
  const button = (kind) =>
    h("button", {
      type: "button", class: "swatch", role: "radio", "aria-checked": String(kind.name === recipe.backdrop.kind), title: `${kind.title}. ${kind.hint}`,
      "aria-label": kind.title, "data-key": `backdrop ${kind.name}`,
      onclick: () => (kind.name === "image" && recipe.backdrop.kind !== "image" && !props.value.own_backdrop ? ownBackdrop() : set("backdrop", { kind: kind.name, colour: null, accent: null }, true)),
    }, h("span", { class: "swatch-picture", "data-swatch": kind.name, style: `background-color:${kind.colour}` }, kind.name === "image" && icon("upload")));
  const current = find(props.backdrops, recipe.backdrop.kind);
  const colour = (name, label) =>
    h("label", { class: "colour" }, h("input", { type: "color", value: recipe.backdrop[name] || current[name], "aria-label": label, "data-key": name, oninput: (event) => set("backdrop", { [name]: event.target.value }) }), h("span", {}, label));
  showThumbnails();
  return [
    rove(h("div", { class: "swatches", role: "radiogroup", "aria-label": "Backdrop" }, props.backdrops.map(button))),
    h("p", { class: "small muted" }, h("strong", {}, current.title), `. ${current.hint}`),
    current.name === "image" && h("button", { type: "button", class: "link", "data-key": "own", onclick: ownBackdrop }, "Choose another picture"),
    current.rendered && h("div", { class: "colour-row" }, colour("colour", "Main colour"), colour("accent", "Second colour")),
    range("backdrop", "brightness", "Brightness", -1, 1, (value) => signed(value, "stops")),
    range("backdrop", "blur", "Out of focus", 0, 1, percent, 0.5),
  ];
}

// Light.

function lightNow() {
  const pattern = find(props.patterns, recipe.light.pattern);
  const side = props.value.azimuth < 0 ? -1 : 1; // the side that suits this face, as the last picture had it
  const own = { azimuth: pattern.azimuth * side, elevation: pattern.elevation, fill: pattern.fill, rim: pattern.rim };
  return Object.fromEntries(Object.entries({ ...own, softness: 0.6, temperature: 6500 }).map(([name, value]) => [name, recipe.light[name] ?? value]));
}

function lights() {
  const now = lightNow();
  const pattern = find(props.patterns, recipe.light.pattern);
  const dial = lightDial(now, (azimuth, elevation) => set("light", { azimuth, elevation }));
  const tune = (name) => (value) => {
    now[name] = value;
    dial.repaint();
    set("light", { [name]: value });
  };
  const lamp = (name, label) => slider({ label, min: 0, max: 1, step: 0.01, rest: now[name], words: percent, value: now[name], change: tune(name) });
  return [
    h("div", { class: "light-row" }, dial.node,
      chips("Light", props.patterns, recipe.light.pattern, (name) => set("light", { pattern: name, azimuth: null, elevation: null, fill: null, rim: null }, true))),
    h("p", { class: "small muted" }, h("strong", {}, pattern.title), `: ${pattern.hint}`),
    range("light", "strength", "Strength", 0, 1, percent, 0.8),
    details("light", "Fine tuning",
      lamp("softness", "Softness"),
      lamp("fill", "Light in the shadows"),
      slider({ label: "Warm to cool", min: 2500, max: 10000, step: 50, rest: 6500, track: "kelvin", value: now.temperature, words: (value) => `${value} K`, change: tune("temperature") }),
      lamp("rim", "Edge light"),
      h("label", { class: "colour" }, h("input", { type: "color", value: recipe.light.rim_colour, "aria-label": "Colour of the edge light", "data-key": "rim colour", oninput: (event) => set("light", { rim_colour: event.target.value }) }), h("span", {}, "Colour of the edge light"))),
  ];
}

// Grade.

function grades() {
  const look = find(props.grades, recipe.grade.look);
  return [
    chips("Grade", props.grades, recipe.grade.look, (name) => set("grade", { look: name }, true)),
    h("p", { class: "small muted" }, h("strong", {}, look.title), `: ${look.hint}`),
    range("grade", "strength", "Strength", 0, 1, percent, 1),
    range("grade", "exposure", "Exposure", -2, 2, (value) => signed(value, "stops"), 0, 0.05),
    h("label", { class: "check" }, h("input", { type: "checkbox", checked: recipe.grade.auto, "data-key": "auto", onchange: (event) => set("grade", { auto: event.target.checked }) }), h("span", {}, "Bring the face to a pleasant brightness")),
  ];
}

function recipeText() {
  const text = h("pre", { tabindex: 0, "aria-label": "The recipe as JSON" }, JSON.stringify(recipe, null, 2));
  const copy = h("button", { type: "button", class: "link", "data-key": "copy", onclick: async () => {
    await navigator.clipboard.writeText(text.textContent);
    copy.textContent = "Copied";
  } }, "Copy");
  return [h("p", { class: "small muted" }, "All that decides this picture, as plain data: the same recipe and photo give the same picture."), text, copy];
}

// Folding.

function summaries() {
  for (const part of SECTIONS) {
    const shown = root.querySelector(`[data-now="${part.name}"]`);
    if (shown) shown.textContent = part.now();
  }
}

function panel(part) {
  const on = part.name === section;
  const head = h("button", {
    type: "button", class: "section-head", "aria-expanded": String(on), "data-key": `section ${part.name}`,
    onclick: () => {
      section = on ? null : part.name;
      draw();
    },
  }, h("span", {}, part.title), h("span", { class: "muted", "data-now": part.name }, part.now()), icon("open"));
  return h("section", { class: `section ${on ? "open" : ""}` }, head,
    on && h("div", { class: "section-body" }, ...part.body().filter(Boolean), part.foot?.(part)));
}
