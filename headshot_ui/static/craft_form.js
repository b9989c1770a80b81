// The wishes: how it is drawn, what is worn, the face, the place; then pose, light and all the rest in folds. `recipe` is
// changed here and sent as a whole; what comes back is only what follows it: small pictures, contradictions.
let recipe = null;
let again = true; // another seed for each press of the button
let section = null;
let refused = null; // a way to draw that cannot be had, once it was tried
let sent = 0;
let later = null;
let flying = false;

function changed(wait = 80) {
  clearTimeout(later);
  later = setTimeout(tell, Math.max(0, wait - (Date.now() - sent)));
  summaries();
}

// One change at a time is on its way: what changed meanwhile is told with the answer, as it is then.
function tell(now = false) {
  clearTimeout(later);
  later = null;
  if (flying && !now) {
    later = setTimeout(tell, 1000, true); // should the answer never come
    return;
  }
  [sent, flying] = [Date.now(), true];
  trigger("adjust", { recipe, fresh: again, section });
}
root.addEventListener("change", () => later && tell(true)); // a field is left, a slider let go: at once

function set(part, values, redraw = false, wait = 80) {
  Object.assign(recipe[part], values);
  changed(wait);
  if (redraw) draw();
}

function showBases() {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const place = root.closest(".tabitem").querySelector(".craft-models");
  place.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
  place.querySelector("button").focus({ preventScroll: true });
}

const drawn = () => !props.value.studio;
const mode = () => recipe.generate.mode;
const kept = () => drawn() && mode() === "keep"; // the head is held as photographed

// How.

function engines() {
  const data = props.value;
  const options = [...data.engines, { name: "studio", title: "The studio, which draws nothing" }];
  return h("label", { class: "field craft-engine" }, h("span", {}, "Drawn by"),
    h("select", { "data-key": "engine", onchange: (event) => trigger("engine", { name: event.target.value }) },
      options.map((one) => h("option", { value: one.name, selected: one.name === data.engine }, one.title))));
}

function ways() {
  const data = props.value;
  const now = data.ways.find((way) => way.name === recipe.generate.mode) || data.ways[0];
  const button = (way) =>
    h("button", {
      type: "button", class: "chip", role: "radio", "aria-checked": String(way.name === now.name), "aria-disabled": way.why ? "true" : null,
      title: way.why || way.hint, "data-key": `way ${way.name}`, onclick: () => choose(way),
    }, way.title);
  function choose(way) {
    refused = way.why ? way : null;
    if (way.why) return draw();
    const { loras } = recipe.generate;
    const trained = way.name === "person" && !loras.length ? [{ file: data.trained[0], weight: 1 }] : loras;
    set("generate", { mode: way.name, loras: trained }, true);
  }
  return h("div", { class: "ways" },
    rove(h("div", { class: "chips", role: "radiogroup", "aria-label": "Way to draw" }, data.ways.map(button))),
    h("p", { class: "small muted", role: "status" }, refused ? `${refused.title}: ${refused.why}` : now.hint),
    !refused && wayDetail(now.name));
}

function wayDetail(name) {
  if (name === "photo") return range("generate", "likeness", "Closer to the photo", 0, 1, percent, 0.7);
  if (name === "restyle") return range("generate", "strength", "Drawn anew", 0, 1, percent, 0.6);
  if (name === "person") return trained();
  return null;
}

// The person's trained models, mixed as wished.
function trained() {
  const used = (file) => recipe.generate.loras.find((lora) => lora.file === file);
  const change = (file, weight) => {
    const others = recipe.generate.loras.filter((lora) => lora.file !== file);
    set("generate", { loras: weight > 0 ? [...others, { file, weight }] : others });
  };
  return h("div", {}, props.value.trained.map((file) =>
    slider({ label: file, min: 0, max: 1.5, step: 0.05, rest: 1, words: percent, value: used(file)?.weight ?? 0, change: (value) => change(file, value) })));
}

// Words.

function field(name, label, rows = 0) {
  const list = `craft-list-${name}`;
  const words = props.suggestions[name] || [];
  const common = {
    "data-key": `wish ${name}`, autocomplete: "off", maxlength: LENGTHS[name], disabled: !drawn(), "aria-label": label,
    placeholder: drawn() ? PLACEHOLDERS[name] || words[0] || "" : "as photographed", oninput: (event) => set("wishes", { [name]: event.target.value }, false, 300),
  };
  const value = drawn() ? recipe.wishes[name] : "";
  const input = rows ? h("textarea", { ...common, rows }, value) : h("input", { ...common, type: "text", list: words.length ? list : null, value });
  return h("label", { class: "field" }, h("span", {}, label), input, words.length > 0 && !rows && h("datalist", { id: list }, words.map((word) => h("option", { value: word }))));
}

// A field with its commonest answers one click away.
function quick(name, label) {
  const words = (props.suggestions[name] || []).filter((word) => word.length <= SHORT).slice(0, QUICK);
  const now = recipe.wishes[name];
  const chip = (word) =>
    h("button", {
      type: "button", class: "chip", "aria-pressed": String(word === now), "data-key": `${name} ${word}`, disabled: !drawn(),
      onclick: () => set("wishes", { [name]: word === now ? "" : word }, true),
    }, word);
  return h("div", { class: "quick" }, field(name, label),
    drawn() && rove(h("div", { class: "chips", role: "group", "aria-label": `${label}: suggestions` }, words.map(chip))));
}

const [QUICK, SHORT] = [8, 22]; // how many answers are one click away, and how long they may be
const LENGTHS = { colour: 40, fabric: 40, background: 160, lighting: 160, text: 1000, avoid: 500 };
const PLACEHOLDERS = { background: "as the look has it", expression: "as it comes", clothing: "as it comes", text: "anything else, in your own words", avoid: "what should not be seen" };

function wordPanel() {
  const data = props.value;
  if (!drawn()) return [off()];
  return [
    h("div", { class: "words-grid" }, field("colour", "Colour of the clothes"), field("fabric", "Fabric"), field("gaze", "Gaze"), field("mood", "Mood"),
      field("lens", "Lens"), field("framing", "Framing"), field("lighting", "Words for the light"), field("era", "Time")),
    field("text", "Also", 2),
    field("avoid", "Avoid", 2),
    data.ignores_avoid && h("p", { class: "small muted" }, "This base model knows no “avoid”: it draws what is asked for, and leaves nothing out."),
    details("told", "What the model is told", h("p", { class: "small told", "data-live": "prompt" }, data.live?.prompt || "…")),
  ];
}

const off = () => h("p", { class: "small muted" }, props.value.why);

// Pose.

function poses() {
  if (!drawn()) return [off()];
  if (kept()) return [h("p", { class: "small muted" }, "Your face is kept, and with it the pose of your photo.")];
  const { pose } = recipe;
  const names = pose.image ? [...props.poses, PHOTO] : props.poses;
  const kind = names.find((one) => one.name === pose.name) || props.poses[0];
  const free = pose.name === "free";
  return [
    h("div", { class: "live-row" }, live("pose", "What holds the pose"),
      h("div", { class: "live-words" },
        h("p", { class: "small muted" }, h("strong", {}, kind.title), kind.hint ? `: ${kind.hint}` : ""),
        !free && props.value.no_pose && h("p", { class: "small muted" }, props.value.no_pose),
        h("button", { type: "button", class: "link", "data-key": "copy pose", onclick: copyPose }, "Copy the pose of a photo"))),
    chips("Pose", names, pose.name, (name) => set("pose", { name, yaw: null, pitch: null, roll: null, shoulders: null, lean: null }, true)),
    !free && pose.name !== "photo" && ANGLES.map(([name, label, most, one, other]) => angle(kind, name, label, most, one, other)),
    !free && range("pose", "distance", "Nearer and farther", 0.7, 2.5, (value) => `${value.toFixed(2)} ×`, 1),
    !free && details("pose", "How firmly",
      range("pose", "strength", "Held", 0, 2, percent, 0.8),
      range("pose", "depth", "Depth too", 0, 2, percent, 0),
      range("pose", "start", "From", 0, 1, percent, 0),
      range("pose", "end", "Up to", 0, 1, percent, 0.8)),
  ];
}

const PHOTO = { name: "photo", title: "Your photo’s", hint: "copied from the photo you gave for it" };
const ANGLES = [
  ["yaw", "Head turned", 75, "to the right", "to the left"],
  ["pitch", "Chin", 30, "up", "down"],
  ["roll", "Head tilted", 25, "clockwise", "the other way"],
  ["shoulders", "Shoulders turned", 75, "to the right", "to the left"],
  ["lean", "Leaning", 20, "clockwise", "the other way"],
];

function angle(kind, name, label, most, one, other) {
  const rest = kind[name] ?? 0;
  const words = (value) => (Math.abs(value) < 0.5 ? "straight" : `${Math.abs(Math.round(value))}° ${value > 0 ? one : other}`);
  return slider({ label, min: -most, max: most, step: 1, rest, words, value: recipe.pose[name] ?? rest, change: (value) => set("pose", { [name]: value }) });
}

async function copyPose() {
  const file = await choosePicture();
  if (!file) return;
  try {
    trigger("pose_photo", { path: await send(file) });
  } catch (error) {
    trouble(error);
  }
}

// A small picture that follows the sliders.
const live = (name, alt) => h("div", { class: "live", "data-live": name }, liveContent(name, alt));
function liveContent(name, alt) {
  const picture = props.value.live?.[name];
  return picture ? h("img", { src: picture, alt: alt || "" }) : h("span", { class: "live-none", "aria-hidden": "true" }, icon(name === "pose" ? "person" : "brush"));
}

// Light.

function lightPanel() {
  if (!drawn() || ["keep", "restyle"].includes(mode())) return lights(); // the sketch is lit by the studio
  return [...lights(), h("div", { class: "live-row" }, live("light", "Head and shoulders in this light"),
    h("div", { class: "live-words" }, range("generate", "light", "How firmly it is steered", 0, 1, percent, 0.6),
      h("p", { class: "small muted" }, "The drawing begins with this light and dark.")))];
}

// Numbers.

function numbers() {
  if (!drawn()) return [off()];
  const data = props.value;
  const whole = (value) => String(value);
  const settings = recipe.generate;
  const number = (label, key, value, least, most, step, put) =>
    h("label", { class: "pixels" }, h("span", {}, label), h("input", { type: "number", min: least, max: most, step, value, "data-key": key, "aria-label": label,
      onchange: (event) => Number(event.target.value) >= least && Number(event.target.value) <= most && put(Number(event.target.value)) }));
  return [
    slider({ label: "Pictures to draw", min: 1, max: data.most, step: 1, rest: Math.min(4, data.most), words: whole, value: settings.count, change: (count) => set("generate", { count, shown: Math.min(settings.shown, count) }) }),
    slider({ label: "The best to show", min: 1, max: data.most, step: 1, rest: 2, words: whole, value: settings.shown, change: (shown) => set("generate", { shown: Math.min(shown, settings.count) }) }),
    h("label", { class: "check" }, h("input", { type: "checkbox", checked: again, "data-key": "fresh", onchange: (event) => {
      again = event.target.checked;
      changed();
      draw();
    } }), h("span", {}, "New pictures each time")),
    !again && number("Seed: the same one draws the same pictures", "seed", recipe.seed, 0, 2 ** 31 - 1, 1, (seed) => {
      recipe.seed = Math.round(seed);
      changed();
    }),
    details("numbers", "Steps and guidance",
      slider({ label: "Steps", min: 1, max: 60, step: 1, rest: data.steps, words: whole, value: settings.steps ?? data.steps, change: (steps) => set("generate", { steps }) }),
      slider({ label: "Guidance", min: 0, max: 15, step: 0.1, rest: data.guidance, words: (value) => value.toFixed(1), value: settings.guidance ?? data.guidance, change: (guidance) => set("generate", { guidance }) })),
  ];
}

// The finish.

function finish() {
  const settings = recipe.generate;
  const styles = [{ name: "", title: "None" }, ...props.styles];
  return [
    ...grades(),
    drawn() && !kept() && range("generate", "blend", "Your own face blended in", 0, 1, percent, 0),
    drawn() && !kept() && h("label", { class: "check" }, h("input", { type: "checkbox", checked: settings.relight, "data-key": "relight", onchange: (event) => set("generate", { relight: event.target.checked }) }), h("span", {}, "Light the finished picture once more")),
    drawn() && h("label", { class: "field" }, h("span", {}, "Retouch as"), h("select", { "data-key": "enhance", onchange: (event) => set("generate", { enhance: event.target.value }) },
      styles.map((style) => h("option", { value: style.name, selected: style.name === settings.enhance }, style.title)))),
  ];
}

const SECTIONS = [
  { name: "pose", title: "Pose", body: poses, now: () => (drawn() && !kept() ? [...props.poses, PHOTO].find((one) => one.name === recipe.pose.name)?.title : "as photographed") },
  { name: "light", title: "Light", body: lightPanel, now: () => find(props.patterns, recipe.light.pattern).title },
  { name: "backdrop", title: "Backdrop", body: backdrops, now: () => recipe.wishes.background && drawn() ? "in your words" : find(props.backdrops, recipe.backdrop.kind).title },
  { name: "words", title: "More words", body: wordPanel, now: () => (drawn() ? said() : "as photographed") },
  { name: "frame", title: "Frame", body: frames, now: () => find(props.frames, recipe.frame.name).title },
  { name: "numbers", title: "How many", body: numbers, now: () => (drawn() && recipe.generate.count > 1 ? `${recipe.generate.count}, the best ${Math.min(recipe.generate.shown, recipe.generate.count)} shown` : "one") },
  { name: "finish", title: "Finish", body: finish, now: () => find(props.grades, recipe.grade.look).title },
  { name: "recipe", title: "Recipe", body: recipeText, now: () => "" },
];

function said() {
  const { colour, fabric, gaze, mood, lens, framing, lighting, era, text, avoid } = recipe.wishes;
  return [colour, fabric, gaze, mood, lens, framing, lighting, era, text, avoid && `no ${avoid}`].filter(Boolean).join(", ");
}

const contradictions = () => (props.value.live?.contradictions || []).map((words) => h("p", { class: "hint" }, words));

function draw() {
  const data = props.value;
  const swatched = root.querySelector(".swatches")?.scrollTop;
  root.className = "drawer craft-form";
  if (!recipe) return fill(root);
  fill(root,
    h("div", { class: "drawer-problem" }, problem(data.error)),
    h("div", { class: "craft-first" },
      data.engines.length > 0 && engines(),
      data.demo && h("p", { class: "small muted" }, data.demo),
      drawn() ? ways() : h("p", { class: "small muted" }, data.why, " ", data.engines.every((one) => one.demo) && h("button", { type: "button", class: "link", "data-key": "bases", onclick: showBases }, "See base models")),
      quick("clothing", "Clothes"),
      quick("expression", "Expression"),
      quick("background", "Place"),
      h("div", { class: "contradictions", role: "status" }, contradictions())),
    SECTIONS.map(panel));
  const swatches = root.querySelector(".swatches");
  if (swatches) swatches.scrollTop = swatched ?? swatches.querySelector("[aria-checked=true]").offsetTop - swatches.offsetTop - 64;
  if (section !== shownSection) {
    shownSection = section;
    const open = root.querySelector(".section.open");
    if (open && open.offsetTop + open.offsetHeight > root.scrollTop + root.clientHeight) root.scrollTop = open.offsetTop - root.offsetTop;
    if (["pose", "light", "words"].includes(section) && !data.error) changed(); // their pictures are made while they are open
  }
}
let shownSection = null;

// What follows a change, without drawing the form anew under the hand.
function follow() {
  for (const name of ["pose", "light"]) root.querySelector(`[data-live=${name}]`)?.replaceChildren(liveContent(name));
  const told = root.querySelector("[data-live=prompt]");
  if (told) told.textContent = props.value.live.prompt || "…";
  root.querySelector(".contradictions")?.replaceChildren(...contradictions());
  root.querySelector(".drawer-problem")?.replaceChildren(problem(props.value.error) || "");
}

function take() {
  const data = props.value;
  flying = false;
  if (!data?.ready) return;
  if (data.echo) {
    follow();
    if (later) changed();
    return;
  }
  clearTimeout(later);
  later = refused = null;
  recipe = JSON.parse(JSON.stringify(data.recipe));
  again = data.fresh;
  shownSection = null;
  draw();
  if (data.error) root.querySelector(".drawer-problem").scrollIntoView({ block: "nearest" });
}

onData(take);
take();
