// The selected picture, large; drag across it to compare with the photo.
function frame(data) {
  if (!data.after) return h("div", { class: "compare waiting", style: `--ratio:${data.width / data.height}` }, h("span", { class: "shimmer" }));
  return compare(data);
}

function words(data) {
  return h("div", { class: "viewer-words" },
    h("div", { class: "viewer-title" },
      h("h2", {}, data.title),
      data.tag && h("span", { class: "tag" }, data.tag),
      (data.numbers || []).map((number) => h("span", { class: "number", title: number.words }, `${number.name} ${number.value}`)),
      data.finished && h("button", { type: "button", class: "link small", "data-key": "enhance", title: "Retouch this headshot", onclick: () => trigger("enhance", {}) }, "Enhance")),
    problem(data.error),
    data.notes.length > 0 && h("p", { class: "muted small" }, data.notes.join(" ")));
}

function draw() {
  const data = props.value || {};
  root.className = `viewer ${data.state || "none"}`;
  if (!data.state || data.state === "none") return fill(root);
  if (data.name !== root.dataset.shot) {
    before = null;
    cut = 0;
  }
  if (data.before) before = data.before;
  if (!swap(data)) fill(root, h("div", { class: "viewer-stage" }, frame(data)), words(data));
  root.dataset.shot = data.name;
  root.dataset.finished = String(Boolean(data.finished));
}

onData(draw);
draw();
