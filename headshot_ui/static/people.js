// Who is there: cards to choose from, a form for a new person or other data; a welcome where nobody is there yet.
let form = null; // what is being filled in
const BLANK = { short: null, name: "", noun: "person", age: null, eyes: "", hair: "", glasses: false, consent: false };

function open(about) {
  form = { ...BLANK, ...about };
  draw();
  root.querySelector("[data-key=name]").focus();
}

function close() {
  form = null;
  draw();
}

function save(event) {
  event.preventDefault();
  if (!complete()) return;
  trigger(form.short ? "amend" : "create", form);
}

const complete = () => form.name.trim() && form.consent;

function field(name, label, attributes) {
  const input = h("input", {
    type: "text", autocomplete: "off", "data-key": name, "aria-label": label, value: form[name], ...attributes,
    oninput: () => set(name, input.type === "number" ? (input.value === "" ? null : Number(input.value)) : input.value),
  });
  return h("label", { class: "field" }, h("span", {}, label), input);
}

function tick(name, words) {
  const input = h("input", { type: "checkbox", checked: form[name], "aria-label": words, "data-key": name, onchange: () => set(name, input.checked) });
  return h("label", { class: "check" }, input, h("span", {}, words));
}

// The form is not drawn anew under the hand: only its button follows.
function set(name, value) {
  form[name] = value;
  root.querySelector("[data-key=save]").disabled = !complete();
}

function nouns() {
  const options = props.nouns.map((name) => ({ name, title: name }));
  return chips("The word for", options, form.noun, (name) => {
    form.noun = name;
    draw();
  });
}

function fields() {
  const more = form.age || form.eyes || form.hair || form.glasses;
  return h("form", { class: "who-form", onsubmit: save },
    h("h1", {}, form.short ? `About ${form.was}` : "Who is it?"),
    field("name", "Name", { maxlength: 60, placeholder: "as you call them here" }),
    h("div", { class: "field" }, h("span", {}, "In a picture, one would say a …"), nouns()),
    h("details", { class: "who-more", open: more },
      h("summary", {}, "Age, eyes, hair, glasses"),
      h("div", { class: "who-grid" },
        field("age", "Age", { type: "number", min: 1, max: 120, inputmode: "numeric" }),
        field("eyes", "Eyes", { maxlength: 30, placeholder: "brown" }),
        field("hair", "Hair", { maxlength: 30, placeholder: "short, black" })),
      tick("glasses", "Wears glasses")),
    tick("consent", "This is me, or this person agrees to be in my studio."),
    problem(props.value?.error),
    h("div", { class: "row" },
      h("button", { type: "submit", class: "main", "data-key": "save", disabled: !complete() }, form.short ? "Save" : "Add this person"),
      h("button", { type: "button", class: "quiet", "data-key": "close", onclick: close }, "Not now")),
    h("p", { class: "muted small" }, props.kept));
}

function intro(data) {
  return [
    h("h1", {}, props.title),
    h("p", { class: "muted" }, props.words),
    problem(data.error),
    h("button", { type: "button", class: "main", "data-key": "new", onclick: () => open() }, "Add a person"),
    h("p", { class: "others" }, props.kept),
  ];
}

function welcome(data) {
  return h("div", { class: "welcome" },
    h("img", { class: "welcome-picture", src: props.hero, alt: props.picture }),
    h("div", { class: "welcome-words" }, proof(data), form ? fields() : intro(data)));
}

const proof = (data) => data.proof && h("p", { class: "proof", role: "status" }, icon("check"), h("span", {}, data.proof));

function card(person, data) {
  return h("button", {
    type: "button", class: "who", role: "radio", "aria-checked": String(person.short === data.chosen), "data-key": `who ${person.short}`,
    onclick: () => trigger("open", { short: person.short }),
  },
    h("span", { class: "who-picture" }, person.picture ? h("img", { src: person.picture, alt: "" }) : person.name.charAt(0).toUpperCase()),
    h("span", { class: "who-words" }, h("span", {}, person.name), h("span", { class: "muted" }, person.used ? "in your pictures" : person.says)));
}

function list(data) {
  return [
    proof(data),
    rove(h("div", { class: "whos", role: "radiogroup", "aria-label": "People" }, data.people.map((person) => card(person, data)))),
    h("button", { type: "button", class: "plain", "data-key": "new", onclick: () => open() }, "New person"),
    problem(data.error),
  ];
}

function draw() {
  const data = props.value || {};
  if (!data.people) return fill(root); // not known yet
  const whole = form || !data.people.length;
  root.className = whole ? "people whole" : "people";
  fill(root, whole ? welcome(data) : list(data));
}

onData(() => {
  const { form: wish, about, chosen } = props.value;
  if (wish === "done") form = null;
  if (wish === "change") return open({ ...about, short: chosen, was: about.name });
  draw();
});
draw();
