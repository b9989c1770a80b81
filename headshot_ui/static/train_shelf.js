// Everything that was trained of a person, and what can be done with it.
let sure = null; // the name of what is asked about
let open = null; // what is unfolded below the one looked at: "take" or "push"
let bringing = false; // the form for a model from elsewhere
let local = null; // an error that the browser itself found
const hub = { repo: "", token: "" };

function entry(one, data) {
  const on = one.name === data.opened;
  return h("li", { class: `shelf-entry${on ? " on" : ""}`, "data-name": one.name, "data-state": one.state },
    h("button", { type: "button", class: "shelf-head", "aria-pressed": String(on), "data-key": `open ${one.name}`, onclick: () => trigger("open", { name: one.name }) },
      h("span", { class: "shelf-picture" }, one.picture ? h("img", { src: one.picture, alt: "" }) : icon(one.state === "draft" ? "person" : "brush")),
      h("span", { class: "shelf-words" }, h("span", {}, one.name), h("span", { class: "muted" }, one.says))),
    on && (sure === one.name ? ask(one) : actions(one, data)));
}

function actions(one, data) {
  const fold = (name, words) => {
    const link = button(`${name} ${one.name}`, words, () => unfold(name), "link");
    link.setAttribute("aria-expanded", String(open === name));
    return link;
  };
  return h("div", {}, h("div", { class: "shelf-actions" },
    one.startable && button(`resume ${one.name}`, "Go on", () => trigger("resume", { name: one.name }), "link"),
    one.model && fold("take", "Download"),
    one.model && fold("push", "To the hub"),
    button(`remove ${one.name}`, "Delete", () => asked(one.name), "link")),
  one.model && open === "take" && take(data),
  one.model && open === "push" && push(data));
}

function unfold(name) {
  open = open === name ? null : name;
  draw();
}

const take = (data) => h("div", { class: "shelf-more" }, data.forms.map((form) => h("div", {},
  h("button", { type: "button", class: "plain", "data-key": `form ${form.name}`, onclick: () => trigger("take", { form: form.name }) }, icon("download"), form.title),
  h("p", { class: "muted small" }, form.hint))));

function push(data) {
  const field = (name, label, more) => h("label", { class: "field" }, h("span", {}, label),
    h("input", { autocomplete: "off", value: hub[name], "data-key": `hub ${name}`, oninput: (event) => (hub[name] = event.target.value), ...more }));
  const send = (event) => {
    event.preventDefault();
    trigger("push", { ...hub });
    hub.token = "";
  };
  return h("form", { class: "shelf-more", onsubmit: send },
    h("p", { class: "small muted" }, "A copy in a private place of yours on Hugging Face: the model and its card, no photo. Deleting it here does not reach it."),
    field("repo", "Where to", { type: "text", placeholder: "your-name/a-name", required: true }),
    field("token", data.hosted ? "Your access token" : "Access token, unless you are logged in", { type: "password", required: data.hosted }),
    h("button", { type: "submit", class: "plain", "data-key": "push" }, "Send it there, private"),
    data.pushed && h("p", { class: "small" }, "It is there: ", h("a", { href: data.pushed, target: "_blank", rel: "noreferrer noopener" }, data.pushed)));
}

// A model from elsewhere.

async function choose() {
  const input = h("input", { type: "file", accept: ".safetensors" });
  input.addEventListener("change", () => input.files[0] && give(input.files[0]));
  input.click();
}

async function give(file) {
  const most = Math.floor(props.max_bytes / 1e6);
  local = file.size > props.max_bytes && { what: `The file is larger than ${most} MB.`, todo: props.value.hosted ? "Take a smaller one." : "Give its place on this machine instead." };
  draw();
  if (local) return;
  try {
    trigger("bring", { path: await send(file) });
  } catch {
    local = { what: "The file did not arrive.", todo: "Try again." };
    draw();
  }
}

function bring(data) {
  const place = h("input", { type: "text", autocomplete: "off", "data-key": "place", placeholder: "/…/name.safetensors" });
  const take = (event) => {
    event.preventDefault();
    if (place.value.trim()) trigger("bring", { place: place.value.trim() });
  };
  return h("div", { class: "shelf-more" },
    h("p", { class: "small muted" }, "A LoRA of this person that was trained elsewhere, as .safetensors."),
    problem(local),
    button("choose", "Choose a file", choose),
    !data.hosted && h("form", { class: "shelf-place", onsubmit: take }, h("label", { class: "field" }, h("span", {}, "Or its place on this machine"), place),
      h("button", { type: "submit", class: "plain", "data-key": "bring" }, "Take it")));
}

function asked(name) {
  sure = name;
  draw();
  root.querySelector(name ? "[data-key=keep]" : ".shelf-actions button")?.focus({ preventScroll: true });
}

function ask(one) {
  const remove = (key, words, ...parts) => button(key, words, () => trigger("remove", { name: one.name, parts }), "plain danger");
  const both = one.training && one.model;
  return h("div", { class: "sure", role: "alertdialog", "aria-label": `Delete ${one.name}` },
    h("p", {}, `Delete ${one.name}? ${one.size} go. There is no way back.`),
    remove("delete", both ? "Delete all of it" : "Delete for good", "training", "model"),
    both && remove("delete training", "Keep the model, delete the rest", "training"),
    button("keep", "Keep", () => asked(null), "quiet"));
}

function draw() {
  const data = props.value || {};
  root.className = "train-shelf";
  root.hidden = !data.ready;
  if (root.hidden) return lay(root);
  lay(root,
    part("title", 0, () => h("h2", {}, "Trainings and models")),
    data.error && part("problem", data.error, () => problem(data.error)),
    data.entries.length ? h("ul", { class: "shelf" }, data.entries.map((one) => part(`entry ${one.name}`, [one, data.opened === one.name && [open, data.forms, data.pushed], sure], () => entry(one, data))))
      : part("none", 0, () => h("p", { class: "muted small" }, "What you train, or bring from elsewhere, is kept here until you delete it.")),
    !data.fresh && part("fresh", 0, () => button("fresh", "New training", () => trigger("fresh", {}))),
    part("elsewhere", bringing, () => button("elsewhere", "Bring a model from elsewhere", () => {
      bringing = !bringing;
      draw();
    }, "link small")),
    bringing && part("bring", [data.hosted, local], () => bring(data)));
}

let opened = null;
onData(() => {
  if (opened !== props.value.opened) {
    [opened, sure, open, bringing, local] = [props.value.opened, null, null, false, null];
  }
  draw();
});
draw();
