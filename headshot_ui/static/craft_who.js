// The people whom the studio knows: one of them can be drawn instead of the photo in hand.
function card(person, data) {
  return h("button", {
    type: "button", class: "face", role: "radio", "aria-checked": String(person.short === data.chosen), "aria-label": person.name, title: person.name,
    "data-key": `who ${person.short}`, onclick: () => trigger("who", { short: person.short }),
  }, h("img", { src: person.picture, alt: "" }));
}

function draw() {
  const data = props.value || {};
  root.className = "craft-who";
  root.hidden = !data.people?.length && !data.error;
  if (root.hidden) return fill(root);
  const name = data.people.find((person) => person.short === data.chosen)?.name;
  fill(root,
    h("p", { class: "small" }, name ? h("span", {}, name) : h("span", { class: "muted" }, "Or somebody you know here")),
    rove(h("div", { class: "face-row", role: "radiogroup", "aria-label": "Who is drawn" }, data.people.map((person) => card(person, data)))),
    problem(data.error));
}

onData(draw);
draw();
