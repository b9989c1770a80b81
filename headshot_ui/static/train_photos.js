// The photos: before they were prepared as they are, then every picture as it will be seen, with the words it is learned by.
const pictures = new Map(); // kept here, so that captions and choices do not send them again
let shaded = false; // what counts less is dimmed

const key = (one) => `${props.value.short}/${props.value.run}/${one.name}`;

function plain(one, busy) {
  return h("li", { class: "snap" }, h("div", { class: "snap-picture" }, h("img", { src: one.picture, alt: "" }), busy && h("span", { class: "shimmer" })));
}

function words(one) {
  const area = h("textarea", {
    rows: 3, maxlength: 400, "data-key": `words ${one.name}`, "aria-label": `Words for ${one.photo}, ${one.crop.toLowerCase()}`, disabled: one.out,
    onchange: () => trigger("caption", { name: one.name, text: area.value }),
  }, one.caption);
  return area;
}

// The picture stays as it is while its words and its place change.
function crop(one) {
  const kept = pictures.get(key(one)) || {};
  return part(`picture ${key(one)}`, [kept.picture?.length, one.width, one.height], () => h("span", { class: "crop-picture", style: `--ratio:${one.width / one.height}` },
    kept.picture ? h("img", { src: kept.picture, alt: "" }) : h("span", { class: "snap-none" }, "gone"),
    kept.shade && h("span", { class: "crop-shade", style: `mask-image:url(${kept.shade}); -webkit-mask-image:url(${kept.shade})` })));
}

function tile(one) {
  const out = h("button", {
    type: "button", class: "link small", "data-key": `out ${one.name}`, "aria-pressed": String(one.out),
    title: one.out ? "Learn from this photo after all" : "Do not learn from this photo", onclick: () => trigger("leave_out", { photo: one.photo, out: !one.out }),
  }, one.out ? "Take back" : "Leave out");
  return h("li", { class: `crop${one.out ? " out" : ""}`, "data-name": one.name },
    h("div", { class: "crop-frame" }, crop(one)),
    h("p", { class: "crop-says" }, h("span", { title: `${one.photo}, ${one.width} × ${one.height}` }, one.crop), h("span", { class: "muted", title: "Never learned from: it is kept back to judge the checkpoints by" }, one.held_out ? "for judging" : ""), out),
    words(one),
    one.notes.length > 0 && h("p", { class: "small muted" }, one.notes.join(" ")));
}

function seen(data) {
  const shade = h("label", { class: "check" }, h("input", { type: "checkbox", checked: shaded, "data-key": "shade", onchange: (event) => {
    shaded = event.target.checked;
    root.classList.toggle("shaded", shaded);
  } }), h("span", {}, "Show what counts"));
  return [
    part("head", [data.name, data.says, data.outdated], () => h("div", { class: "crops-head" },
      h("div", {}, h("h2", {}, `${data.name}, as the training sees it`), h("p", { class: "muted small", role: "status" }, data.says)), shade)),
    data.lacking && lacking(data),
    part("hint", data.name, () => h("p", { class: "muted small crops-hint" }, "The words say everything but the face: what is named can change later, what is not belongs to the person. Change them where they are wrong.")),
    h("ul", { class: "crops" }, data.pictures.map((one) => part(`tile ${key(one)}`, [one, Boolean(pictures.get(key(one)))], () => tile(one)))),
  ];
}

// What stands in the way of a training, above all too few photos.
const lacking = (data) => part("lacking", [data.lacking, data.short], () => h("div", { class: "train-lacking" },
  h("h2", {}, data.lacking.what), h("p", { class: "muted" }, data.lacking.todo),
  button("add photos", "Add photos", () => trigger("people", { short: data.short }), "plain")));

function before(data) {
  return [
    data.lacking ? lacking(data) : part("head", [data.name, data.says, "before"], () => h("div", { class: "crops-head" }, h("div", {},
      h("h2", {}, `The good photos of ${data.name}`), h("p", { class: "muted small" }, data.says)))),
    part("photos", [data.pictures.map((one) => one.name), data.name, data.busy], () => h("ul", { class: "snaps" }, data.pictures.map((one) => plain({ ...one, picture: pictures.get(key(one)).picture }, data.busy)))),
  ];
}

function draw() {
  const data = props.value || {};
  root.className = `train-photos${shaded ? " shaded" : ""}${data.outdated ? " outdated" : ""}`;
  root.hidden = !data.ready;
  if (root.hidden) return lay(root);
  lay(root, data.error && part("problem", data.error, () => problem(data.error)), data.seen ? seen(data) : before(data));
}

onData(() => {
  for (const one of props.value.pictures || []) if (one.picture) pictures.set(key(one), { picture: one.picture, shade: one.shade });
  draw();
  come();
});
draw();
