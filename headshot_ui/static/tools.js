// The drawer of the Enhance tab: the wand, styles, and every tool with controls made from its class.
let steps = {}; // settings by tool, of those that are used
let section = matchMedia("(max-width: 820px)").matches ? null : "Face";
let opened = null; // the tool whose sliders are shown
let naming = false; // an own style is being named
let gesture = { id: Math.round(Math.random() * 1e9), what: "", time: 0 };
let sent = 0;
let later = null;

// One drag of a slider is one step of the history: the same control, without a rest.
function touch(what) {
  const now = Date.now();
  if (what !== gesture.what || now - gesture.time > 1500) gesture.id += 1;
  gesture = { ...gesture, what, time: now };
}

// Tell the server: at most every 80 ms while a slider moves.
function tell(event, values) {
  clearTimeout(later);
  later = setTimeout(() => {
    sent = Date.now();
    props.value = { ...props.value, ...values, gesture: gesture.id };
    trigger(event, {});
  }, Math.max(0, 80 - (Date.now() - sent)));
}

const settings = (tool) => steps[tool.name] || tool.rest;
const used = (tool) => Boolean(steps[tool.name]?.on);

function set(tool, values, what, redraw = false) {
  touch(`${tool.name} ${what}`);
  steps[tool.name] = { ...settings(tool), on: true, ...values };
  tell("adjust", { steps: structuredClone(steps), style: "" });
  root.querySelectorAll(".styles [aria-checked=true]").forEach((chip) => chip.setAttribute("aria-checked", "false"));
  const row = root.querySelector(`[data-tool="${tool.name}"]`);
  row?.classList.toggle("off", !used(tool));
  const light = row?.querySelector(".switch");
  if (light) light.setAttribute("aria-checked", String(used(tool)));
  summaries();
  if (redraw) draw();
}

// Controls.

const percent = (value) => `${Math.round(100 * value)} %`;

function wording(field) {
  const sign = (value) => (value > 0 && field.min < 0 ? "+" : value < 0 ? "−" : "");
  if (field.whole) return (value) => `${value}${field.unit && ` ${field.unit}`}`;
  if (!field.unit) return (value) => `${sign(value)}${Math.round(100 * Math.abs(value))} %`;
  const digits = field.step >= 1 ? 0 : field.max - field.min > 20 ? 1 : 2;
  return (value) => `${sign(value)}${Math.abs(value).toFixed(digits)} ${field.unit}`;
}

const CONTROLS = {
  slider: (tool, field) =>
    slider({
      label: field.label, min: field.min, max: field.max, step: field.step, rest: field.rest, words: wording(field),
      value: settings(tool)[field.name], change: (value) => set(tool, { [field.name]: value }, field.name),
    }),
  check: (tool, field) =>
    h("label", { class: "check" },
      h("input", { type: "checkbox", checked: settings(tool)[field.name], "data-key": `${tool.name} ${field.name}`, onchange: (event) => set(tool, { [field.name]: event.target.checked }, field.name) }),
      h("span", {}, field.label)),
  chips: (tool, field) =>
    h("div", { class: "choice" }, h("span", { class: "small" }, field.label),
      chips(`${tool.title}: ${field.label}`, field.options, settings(tool)[field.name], (name) => choose(tool, field, name))),
  list: (tool, field) =>
    h("label", { class: "choice" }, h("span", { class: "small" }, field.label),
      h("select", { "data-key": `${tool.name} ${field.name}`, onchange: (event) => choose(tool, field, event.target.value) },
        field.options.map((option) => h("option", { value: option.name, selected: option.name === settings(tool)[field.name] }, option.title)))),
  colour: (tool, field) =>
    h("div", { class: "colour-line" },
      h("label", { class: "colour" },
        h("input", { type: "color", class: settings(tool)[field.name] ? null : "unset", value: settings(tool)[field.name] || "#808080", "data-key": `${tool.name} ${field.name}`, oninput: (event) => (event.target.classList.remove("unset"), set(tool, { [field.name]: event.target.value }, field.name)) }),
        h("span", {}, field.label)),
      settings(tool)[field.name] && h("button", { type: "button", class: "link", "data-key": `${tool.name} own ${field.name}`, onclick: () => set(tool, { [field.name]: null }, field.name, true) }, "Its own")),
  seed: (tool, field) =>
    h("button", { type: "button", class: "link", "data-key": `${tool.name} ${field.name}`, onclick: () => set(tool, { [field.name]: Math.floor(Math.random() * 1e6) }, field.name) }, "Another variation"),
};

function control(tool, field) {
  const node = CONTROLS[field.kind](tool, field);
  if (field.hint) node.title = field.hint;
  return node;
}

function choose(tool, field, name) {
  if (name === "image" && !props.value.own_background) return ownBackground();
  set(tool, { [field.name]: name }, field.name, true);
}

async function ownBackground() {
  const file = await choosePicture();
  if (!file) return draw(); // the list says again what is true
  try {
    trigger("own", { path: await send(file) });
  } catch (error) {
    fill(root.querySelector(".drawer-problem"), problem(error));
  }
}

// What some tools have beside their sliders.
const SPECIAL = {
  background: (tool) => settings(tool).kind === "image" && link("own", "Choose another picture", ownBackground),
  blemishes: () => link("spots", props.value.mode === "spots" ? "Hide the spots" : "Show the spots found", () => mode("spots")),
  heal: () => [
    link("brush", props.value.mode === "brush" ? "Put the brush down" : "Paint on the picture", () => mode("brush")),
    h("span", { class: "muted small" }, { 0: "No strokes yet", 1: "1 stroke" }[props.value.strokes] || `${props.value.strokes} strokes`),
  ],
};

const link = (key, words, onclick, more = {}) => h("button", { type: "button", class: "link", "data-key": key, onclick, ...more }, words);
const mode = (name) => trigger("mode", { name: props.value.mode === name ? "compare" : name });

// Tools.

function strength(tool) {
  const node = slider({
    label: `${tool.title}: strength`, min: 0, max: 1, step: 0.01, rest: tool.rest.strength, words: percent,
    value: settings(tool).strength, change: (value) => set(tool, { strength: value }, "strength"),
  });
  node.classList.add("bare");
  return node;
}

function row(tool) {
  const open = opened === tool.name;
  const head = h("div", { class: "tool-head" },
    h("button", {
      type: "button", class: "switch", role: "switch", "aria-checked": String(used(tool)), "aria-label": tool.title, "data-key": `switch ${tool.name}`,
      onclick: () => set(tool, { on: !used(tool) }, "on", true),
    }),
    h("button", {
      type: "button", class: "tool-name", "aria-expanded": String(open), "data-key": `tool ${tool.name}`, title: tool.hint,
      onclick: () => {
        opened = open ? null : tool.name;
        draw();
      },
    }, h("span", {}, tool.title), icon("open")),
    tool.strength && strength(tool));
  return h("div", { class: `tool ${used(tool) ? "" : "off"}`, "data-tool": tool.name }, head, open && body(tool));
}

function body(tool) {
  const masked = props.value.masked === tool.name;
  return h("div", { class: "tool-body" },
    h("p", { class: "muted small" }, tool.hint),
    tool.fields.map((field) => control(tool, field)),
    h("div", { class: "tool-special" }, [SPECIAL[tool.name]?.(tool)].flat()),
    h("div", { class: "section-foot" },
      tool.mask && link("mask", masked ? "Hide where it works" : "Show where it works", () => trigger("mask", { name: masked ? null : tool.name }), { "aria-pressed": String(masked) }),
      link("reset", "Reset", () => trigger("reset", { name: tool.name }), { disabled: !steps[tool.name] })));
}

const inGroup = (group) => props.tools.filter((tool) => tool.group === group);
const titleOf = (name) => props.tools.find((tool) => tool.name === name).title;

function order() {
  const list = props.value.order;
  const step = (name, at) =>
    h("li", {}, h("span", {}, titleOf(name)),
      h("button", { type: "button", class: "tool-button", "aria-label": `${titleOf(name)}: earlier`, "data-key": `up ${name}`, disabled: at === 0, onclick: () => trigger("move", { name, by: -1 }) }, icon("up")),
      h("button", { type: "button", class: "tool-button", "aria-label": `${titleOf(name)}: later`, "data-key": `down ${name}`, disabled: at === list.length - 1, onclick: () => trigger("move", { name, by: 1 }) }, icon("down")));
  if (!list.length) return [h("p", { class: "small muted" }, "The tools that are used stand here, in the order in which they work.")];
  return [
    h("p", { class: "small muted" }, "The tools work from top to bottom."),
    h("ol", { class: "order" }, list.map(step)),
    h("details", { class: "more" }, h("summary", { "data-key": "json" }, "As data"), h("pre", { tabindex: 0, "aria-label": "The tools as JSON" }, props.value.json)),
  ];
}

function panel(name, content, now) {
  const on = section === name;
  const head = h("button", {
    type: "button", class: "section-head", "aria-expanded": String(on), "data-key": `section ${name}`,
    onclick: () => {
      section = on ? null : name;
      if (name === "Order" && !on) trigger("fresh", {});
      draw();
    },
  }, h("span", {}, name), h("span", { class: "muted", "data-now": name }, now), icon("open"));
  return h("section", { class: `section ${on ? "open" : ""}` }, head, on && h("div", { class: "section-body" }, content()));
}

const summary = (group) => inGroup(group).filter(used).map((tool) => tool.title).join(", ");

function summaries() {
  for (const group of props.groups) {
    const shown = root.querySelector(`[data-now="${group}"]`);
    if (shown) shown.textContent = summary(group);
  }
}

// The wand and the styles.

function wand() {
  const now = props.value;
  const wave = () => {
    touch(`wand ${Date.now()}`);
    tell("wand", {});
  };
  return h("div", { class: "wand" },
    h("button", { type: "button", class: "wand-button", "data-key": "wand", onclick: wave }, icon("wand"), "Magic wand"),
    slider({
      label: "Wand strength", min: 0, max: 1, step: 0.05, rest: 1, words: percent, value: now.strength,
      change: (value) => {
        touch("wand strength");
        if (now.reasons.length) tell("wand", { strength: value });
        else props.value = { ...props.value, strength: value };
      },
    }),
    now.reasons.length > 0
      ? h("ul", { class: "reasons small", role: "status" }, now.reasons.map((reason) => h("li", {}, reason)))
      : h("p", { class: "muted small" }, "Looks at your photo, and does what a retoucher would do first."));
}

function stylesRow() {
  const now = props.value;
  const own = now.styles.find((style) => style.own && style.name === now.style);
  const any = Object.keys(steps).length > 0;
  return h("div", { class: "styles" },
    h("h3", { class: "small" }, "Styles"),
    chips("Styles", now.styles, now.style, (name) => trigger("style", { name })),
    naming ? namingForm() : h("div", { class: "style-actions small" },
      link("name style", "Save as style", () => {
        naming = true;
        draw();
        root.querySelector("[data-key='style title']").focus();
      }, { disabled: !any }),
      own && link("drop style", `Delete “${own.title}”`, () => trigger("drop_style", { name: own.name })),
      link("clear", "All off", () => trigger("clear", {}), { disabled: !any })));
}

function namingForm() {
  const input = h("input", { type: "text", maxlength: 40, placeholder: "Name of the style", "aria-label": "Name of the style", "data-key": "style title" });
  const stop = () => {
    naming = false;
    draw();
  };
  const save = () => {
    if (!input.value.trim()) return input.focus();
    trigger("keep_style", { title: input.value });
    stop();
  };
  input.addEventListener("keydown", (event) => ({ Enter: save, Escape: stop })[event.key]?.());
  return h("div", { class: "naming" }, input, link("save style", "Save", save), link("keep unnamed", "Cancel", stop));
}

function draw() {
  const old = root.scrollTop;
  root.className = "drawer tools";
  if (!props.value?.ready) {
    root.classList.add("empty");
    return fill(root);
  }
  fill(root, h("div", { class: "drawer-problem" }, problem(props.value.error)), wand(), stylesRow(),
    props.groups.map((group) => panel(group, () => inGroup(group).map(row), summary(group))), panel("Order", order, ""));
  root.scrollTop = old;
}

onData(() => {
  clearTimeout(later);
  steps = structuredClone(props.value?.steps || {});
  gesture.what = "";
  draw();
});
steps = structuredClone(props.value?.steps || {});
draw();
