// The drawer: frame, backdrop, light and grade of the selected look. `recipe` is changed here and sent as a whole.
let recipe = null;
let section = matchMedia("(max-width: 820px)").matches ? null : "light";
let sent = 0;
let later = null;
let settle = null;

// Tell the server: at most every 80 ms while a slider moves, and once more when it rests.
function changed() {
  clearTimeout(later);
  clearTimeout(settle);
  const wait = Math.max(0, 80 - (Date.now() - sent));
  later = setTimeout(() => {
    sent = Date.now();
    props.value = { ...props.value, recipe: structuredClone(recipe) };
    trigger("adjust", {});
  }, wait);
  const look = props.value.look;
  settle = setTimeout(() => trigger("settle", { look }), 900);
  summaries();
}

function set(part, values, redraw = false) {
  Object.assign(recipe[part], values);
  changed();
  if (redraw) draw();
}

const foot = (part) => h("div", { class: "section-foot" },
  h("button", { type: "button", class: "link", "data-key": "spread", disabled: props.value.count < 2, onclick: () => trigger("spread", { section: part.name, look: props.value.look }) }, "Apply to all"),
  h("button", { type: "button", class: "link", "data-key": "reset", onclick: () => trigger("reset", { section: part.name, look: props.value.look }) }, "Reset"));

const SECTIONS = [
  { name: "frame", title: "Frame", body: frames, now: () => find(props.frames, recipe.frame.name).title, foot },
  { name: "backdrop", title: "Backdrop", body: backdrops, now: () => find(props.backdrops, recipe.backdrop.kind).title, foot },
  { name: "light", title: "Light", body: lights, now: () => find(props.patterns, recipe.light.pattern).title, foot },
  { name: "grade", title: "Grade", body: grades, now: () => find(props.grades, recipe.grade.look).title, foot },
  { name: "recipe", title: "Recipe", body: recipeText, now: () => "" },
];

function draw() {
  const scrolled = root.querySelector(".swatches")?.scrollTop;
  root.className = "drawer";
  if (!recipe) {
    root.classList.add("empty");
    return fill(root, props.value?.hint && h("p", { class: "muted" }, props.value.hint));
  }
  fill(root, h("div", { class: "drawer-problem" }, problem(props.value.error)), SECTIONS.map(panel));
  const swatches = root.querySelector(".swatches");
  if (swatches) swatches.scrollTop = scrolled ?? swatches.querySelector("[aria-checked=true]").offsetTop - swatches.offsetTop - 64;
}

onData(() => {
  clearTimeout(later);
  recipe = props.value?.recipe ? JSON.parse(JSON.stringify(props.value.recipe)) : null;
  draw();
});
recipe = props.value?.recipe || null;
draw();
