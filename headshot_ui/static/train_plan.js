// Who is trained, on which base model, how thoroughly; below that a drawer with every setting there is. `given` holds what
// was changed in the drawer; what comes back to a change is only what follows it, so that nothing moves under the hand.
let given = {};
let open = null; // the group of the drawer that is unfolded
let unfolded = false;
let later = null;

function changed(more = {}) {
  clearTimeout(later);
  const { base, choice } = { ...props.value, ...more };
  Object.assign(props.value, more);
  trigger("plan", { base, choice, settings: given });
}

// Who.

function card(person, data) {
  return h("button", {
    type: "button", class: "who", role: "radio", "aria-checked": String(person.short === data.chosen), "data-key": `who ${person.short}`,
    onclick: () => trigger("who", { short: person.short }),
  },
    h("span", { class: "who-picture" }, person.picture ? h("img", { src: person.picture, alt: "" }) : person.name.charAt(0).toUpperCase()),
    h("span", { class: "who-words" }, h("span", {}, person.name), h("span", { class: "muted" }, person.says)));
}

const demo = (data, kind) => data.demo && button("demo", data.demo.button, () => trigger("demo", {}), kind, data.demo.says);

const folk = (data) => part("folk", [data.people, data.chosen, data.demo], () => h("div", { class: "train-who" },
  rove(h("div", { class: "whos", role: "radiogroup", "aria-label": "Who is learned" }, data.people.map((person) => card(person, data)))),
  button("add person", "Add a person", () => trigger("people", {}), "link small"), demo(data, "link small")));

// On which base model.

function base(one, data) {
  const also = one.also.length ? `; then draws with ${one.also.join(" and ")} too` : "";
  return h("button", {
    type: "button", class: "pick", role: "radio", "aria-checked": String(one.name === data.base), "data-key": `base ${one.name}`,
    title: one.commercial ? "Commercial use is allowed" : "Commercial use is not known to be allowed", onclick: () => changed({ base: one.name }),
  }, h("span", { class: "pick-title" }, one.title), h("span", { class: "muted" }, one.note || `${one.licence}, ${one.memory}${also}`));
}

function bases(data) {
  const here = data.bases.filter((one) => one.here);
  const away = data.hosted ? [] : data.bases.filter((one) => !one.here);
  const link = (one, at) => [at ? ", " : "", button(`base ${one.name}`, one.title, () => trigger("bases", { name: one.name }), "link", `${one.licence}, ${one.memory}: see it in Craft`)];
  return part("bases", [data.bases, data.base], () => h("div", { class: "train-part" },
    h("h2", {}, "Learn on"),
    here.length > 0 && rove(h("div", { class: "picks", role: "radiogroup", "aria-label": "Base model" }, here.map((one) => base(one, data)))),
    away.length > 0 && h("p", { class: "aways" }, "Not here yet: ", away.flatMap(link))));
}

// How thoroughly.

const choice = (one, data) => h("button", {
  type: "button", class: `pick${one.fits ? "" : " unfit"}`, role: "radio", "aria-checked": String(one.name === data.choice), "data-key": `choice ${one.name}`,
  onclick: () => changed({ choice: one.name }),
},
  h("span", { class: "pick-title" }, one.title), h("span", { class: "muted" }, one.hint),
  one.says && h("span", { class: "pick-says", title: one.words }, one.fits ? one.says : "Too much for this machine"));

const choices = (data) => part("choices", [data.choices, data.choice], () => h("div", { class: "train-part" },
  h("h2", {}, "How thoroughly"),
  rove(h("div", { class: "picks", role: "radiogroup", "aria-label": "How thoroughly" }, data.choices.map((one) => choice(one, data))))));

// Every setting.

function set(name, value, now) {
  if (value === null || value === "") delete given[name];
  else given[name] = value;
  marks();
  clearTimeout(later);
  if (now) changed();
  else later = setTimeout(changed, 800);
}

const filled = (field) => {
  const value = props.value.filled?.[field.name];
  return value === null || value === undefined || value === "" ? "" : String(value);
};

function control(field) {
  const key = `set ${field.name}`;
  const common = { "data-key": key, "aria-label": field.title, "data-field": field.name };
  const value = given[field.name];
  if (field.kind === "boolean" || field.kind === "choice") {
    const options = field.kind === "boolean" ? ["true", "false"] : field.options;
    const words = { true: "yes", false: "no" };
    const pick = (text) => set(field.name, text === "" ? null : field.kind === "boolean" ? text === "true" : text, true);
    return h("select", { ...common, onchange: (event) => pick(event.target.value) },
      h("option", { value: "" }, ""), options.map((option) => h("option", { value: option, selected: String(value) === option }, words[option] || option)));
  }
  const number = field.kind !== "string";
  return h("input", {
    ...common, type: number ? "number" : "text", min: field.least, max: field.most, step: field.step, maxlength: field.length, autocomplete: "off", value,
    oninput: ({ target }) => target.validity.valid && set(field.name, target.value === "" ? null : number ? Number(target.value) : target.value),
    onchange: ({ target }) => target.validity.valid && later && changed(),
  });
}

const range = (field) => (field.least === undefined || field.least === null ? "" : ` ${field.least} to ${field.most}.`);
const setting = (field) => h("label", { class: "field", "data-set": field.name },
  h("span", {}, field.title), control(field), h("span", { class: "muted small" }, `${field.says.charAt(0).toUpperCase()}${field.says.slice(1)}.${range(field)}`));

function group(one) {
  const on = open === one.title;
  const head = foldHead(`group ${one.title}`, one.title, "", on, () => {
    open = on ? null : one.title;
    draw();
  });
  return h("div", { class: `section${on ? " open" : ""}`, "data-group": one.title }, head, on && h("div", { class: "section-body" }, one.fields.map(setting)));
}

function drawer() {
  const head = foldHead("advanced", "Every setting", "", unfolded, () => {
    unfolded = !unfolded;
    draw();
  });
  const reset = button("reset", "Put all back", () => {
    given = {};
    draws += 1;
    changed();
    draw();
  }, "link small");
  return h("div", { class: "train-drawer" }, head, unfolded && h("div", { class: "train-groups" }, props.groups.map(group), reset));
}

// What follows a change, without drawing the drawer anew under the hand.
function marks() {
  for (const field of props.groups.flatMap((one) => one.fields)) {
    const input = root.querySelector(`[data-field="${field.name}"]`);
    if (!input) continue;
    input.closest(".field").classList.toggle("own", field.name in given);
    const words = filled(field);
    if (input.tagName === "INPUT") input.placeholder = words;
    else input.options[0].textContent = `${{ true: "yes", false: "no" }[words] || words || "as it comes"} (as it comes)`;
  }
  const count = (fields) => fields.filter((field) => field.name in given).length;
  const all = count(props.groups.flatMap((one) => one.fields));
  const tell = (key, number, otherwise) => {
    const shown = root.querySelector(`[data-key="${key}"] .muted`);
    if (shown) shown.textContent = number ? `${number} changed` : otherwise;
  };
  props.groups.forEach((one) => tell(`group ${one.title}`, count(one.fields), ""));
  tell("advanced", all, "as they come");
  root.querySelector("[data-key=reset]")?.toggleAttribute("hidden", !all);
}

// What a training was started with.
const FIRST = 4; // facts that are shown without being asked for
function facts(data) {
  const row = (fact, at) => h("div", { class: `fact${at < FIRST ? " first" : ""}` }, h("dt", {}, fact.title), h("dd", {}, fact.value));
  return part("facts", data.facts, () => h("div", { class: "train-part train-facts" },
    h("h2", {}, "Started with"), h("dl", { class: "facts" }, data.facts.slice(0, FIRST).map((fact) => row(fact, FIRST))),
    h("details", {}, h("summary", {}, "Every setting"), h("dl", { class: "facts" }, data.facts.map(row)))));
}

// Where something is missing before anything can be trained.
function welcome(data) {
  const space = data.teach === "base" && data.hosted;
  return part("welcome", [data.teach, data.error, data.demo], () => h("div", { class: "welcome" },
    h("img", { class: "welcome-picture", src: props.hero, alt: props.picture }),
    h("div", { class: "welcome-words" },
      h("h1", {}, props.title),
      h("p", { class: "muted" }, props.words),
      h("p", {}, space ? props.teach.space : props.teach[data.teach]),
      problem(data.error),
      h("div", { class: "row" },
        !space && (data.teach === "base" ? button("see bases", "See base models", () => trigger("bases", { name: "" }), "main") : button("add person", "Add a person", () => trigger("people", {}), "main")),
        demo(data, space ? "main" : "quiet")),
      data.demo && h("p", { class: "muted small" }, data.demo.says))));
}

function draw() {
  const data = props.value || {};
  root.className = `train-plan${data.teach ? " whole" : ""}`;
  if (!data.people) return fill(root); // not known yet
  if (data.teach) return lay(root, welcome(data));
  const plan = data.planning && [bases(data), data.choices && choices(data), data.choices && part("drawer", [open, unfolded, draws], drawer)];
  lay(root, folk(data), data.error && part("problem", data.error, () => problem(data.error)), plan || (data.facts.length && facts(data)));
  marks();
}
let draws = 0; // rises when the server's own settings replace those in the drawer

onData(() => {
  const data = props.value;
  if (!data.echo && data.given) {
    given = { ...data.given };
    draws += 1;
  }
  draw();
});
draw();
