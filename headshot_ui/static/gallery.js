// The looks to pick from: categories, search, and pictures with a ring when picked.
let picked = new Set(props.value?.picked || []);
let category = "all";
let wish = "";

const title = (name) => name.charAt(0).toUpperCase() + name.slice(1);
const categories = [...new Set(props.looks.map((look) => look.category))];

function toggle(look, node) {
  if (!picked.delete(look.name)) picked.add(look.name);
  node.setAttribute("aria-pressed", String(picked.has(look.name)));
  props.value = { picked: [...picked] };
  trigger("pick", {});
}

const looks = props.looks.map((look) => {
  const node = h("button", {
    type: "button", class: "look", "aria-pressed": String(picked.has(look.name)), title: look.description, "data-name": look.name,
    onclick: () => toggle(look, node),
  }, h("span", { class: "look-picture" },
    look.thumbnail && h("img", { src: look.thumbnail, alt: "", loading: "lazy", width: 300, height: 400 }), h("span", { class: "look-mark" }, icon("check"))),
  h("span", { class: "look-name" }, look.title));
  node.text = `${look.title} ${look.category} ${look.tags} ${look.description}`.toLowerCase();
  node.category = look.category;
  return node;
});

const none = h("p", { class: "muted no-looks", role: "status" });
const search = h("label", { class: "search" }, icon("search"),
  h("input", { type: "search", placeholder: "Search looks", "aria-label": "Search looks", oninput: (event) => {
    wish = event.target.value.trim().toLowerCase();
    sift();
  } }));

function sift() {
  let count = 0;
  for (const node of looks) {
    node.hidden = !((category === "all" || node.category === category) && node.text.includes(wish));
    count += !node.hidden;
  }
  none.textContent = count ? "" : `No look has “${wish}” in it here. Try another word, or All.`;
  none.hidden = Boolean(count);
}

const filter = h("div", { class: "filter" });
function filters() {
  const options = ["all", ...categories].map((name) => ({ name, title: title(name) }));
  fill(filter, chips("Kinds of looks", options, category, (name) => {
    category = name;
    filters();
    sift();
  }));
}

filters();
root.className = "gallery";
root.append(h("div", { class: "gallery-head" }, filter, search), none, rove(h("div", { class: "looks", role: "group", "aria-label": "Looks" }, looks)));
sift();
onData(() => {
  picked = new Set(props.value?.picked || []);
  looks.forEach((node) => node.setAttribute("aria-pressed", String(picked.has(node.dataset.name))));
});
