// Looks to begin from, in one row: what was said of clothes, words and pose stays.
let picked = props.value?.picked;

const looks = props.looks.map((look) =>
  h("button", {
    type: "button", class: "look", role: "radio", "aria-checked": String(look.name === picked), title: look.description, "data-name": look.name,
    onclick: () => {
      mark(look.name);
      trigger("pick", { name: look.name });
    },
  }, h("span", { class: "look-picture" }, look.thumbnail && h("img", { src: look.thumbnail, alt: "", loading: "lazy", width: 300, height: 400 })),
  h("span", { class: "look-name" }, look.title)));

function mark(name) {
  picked = name;
  looks.forEach((node) => node.setAttribute("aria-checked", String(node.dataset.name === name)));
}

const trouble = h("div", {});
root.className = "craft-looks";
root.append(h("h2", { id: "craft-looks-title" }, "Begin from a look"), trouble,
  rove(h("div", { class: "looks-row", role: "radiogroup", "aria-labelledby": "craft-looks-title" }, looks)));
onData(() => {
  trouble.replaceChildren(problem(props.value?.error) || "");
  mark(props.value?.picked);
});
