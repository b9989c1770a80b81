// The selected picture, large; drag across it to compare with the photo.
let before = null; // kept while the server sends none: the frame has not changed
let cut = 0;

function compare(data) {
  const box = h("div", { class: "compare", style: `--ratio:${data.width / data.height}; --cut:${cut}%` });
  const after = h("img", { class: "after", src: data.after, alt: data.title, draggable: "false" });
  const range = h("input", {
    type: "range", min: 0, max: 100, value: cut, class: "compare-range", "data-key": "compare",
    "aria-label": "Compare with the photo before: drag right to see it",
    oninput: () => {
      cut = Number(range.value);
      box.style.setProperty("--cut", `${cut}%`);
      box.classList.toggle("comparing", cut > 0);
    },
  });
  box.classList.toggle("comparing", cut > 0);
  box.append(after);
  if (before) {
    box.append(
      h("img", { class: "before", src: before, alt: "", draggable: "false" }),
      range,
      h("span", { class: "compare-line", "aria-hidden": "true" }, h("span", { class: "compare-knob" }, icon("drag"))),
      h("span", { class: "compare-tag left", "aria-hidden": "true" }, "Before"),
      h("span", { class: "compare-tag right", "aria-hidden": "true" }, "After"));
  }
  return box;
}

function frame(data) {
  if (!data.after) return h("div", { class: "compare waiting", style: `--ratio:${data.width / data.height}` }, h("span", { class: "shimmer" }));
  return compare(data);
}

// While a slider moves only the picture's address changes: no flicker, and the compare handle stays in the hand.
function swap(data) {
  const after = root.querySelector(".after");
  const box = root.querySelector(".compare");
  if (!after || !box || root.dataset.shot !== data.name || !data.after) return false;
  if (Boolean(before) !== Boolean(root.querySelector(".before"))) return false;
  box.style.setProperty("--ratio", data.width / data.height);
  after.src = data.after;
  if (before) root.querySelector(".before").src = before;
  root.querySelector(".viewer-words")?.replaceWith(words(data));
  return true;
}

function words(data) {
  return h("div", { class: "viewer-words" },
    h("div", { class: "viewer-title" },
      h("h2", {}, data.title),
      data.tag && h("span", { class: "tag" }, data.tag),
      (data.numbers || []).map((number) => h("span", { class: "number", title: number.words }, `${number.name} ${number.value}`))),
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

watch("value", draw);
draw();
