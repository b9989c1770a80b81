// Two pictures in one place: drag across to see the one before.
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
