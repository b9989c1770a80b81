// Download: the picture or all of them, in which format, in which sizes.
let kind = "png";
let open = false;
const sizes = new Set();
const KINDS = [
  { name: "png", title: "PNG", hint: "best quality" },
  { name: "jpg", title: "JPEG", hint: "opens everywhere" },
  { name: "webp", title: "WebP", hint: "smallest" },
];

function size(frame) {
  return h("label", { class: "check" },
    h("input", { type: "checkbox", checked: sizes.has(frame.name), "data-key": `size ${frame.name}`, onchange: (event) => {
      if (event.target.checked) sizes.add(frame.name);
      else sizes.delete(frame.name);
      draw();
    } }),
    h("span", {}, frame.title), h("span", { class: "muted small" }, `${frame.width} × ${frame.height}`));
}

function panel(data) {
  const one = sizes.size ? "This look (ZIP)" : "This picture";
  const take = (everything) => trigger("take", { kind, sizes: [...sizes], everything });
  return h("div", { class: "take-panel", role: "dialog", "aria-label": "Download" },
    h("h3", {}, "Format"),
    chips("Format", KINDS, kind, (name) => {
      kind = name;
      draw();
    }),
    h("h3", {}, "Also cropped for"),
    h("div", { class: "sizes" }, props.frames.map(size)),
    problem(data.error),
    h("div", { class: "take-actions" },
      h("button", { type: "button", class: "plain", "data-key": "one", disabled: data.busy, onclick: () => take(false) }, data.busy ? "One moment …" : one),
      h("button", { type: "button", class: "plain", "data-key": "all", disabled: data.busy, onclick: () => take(true) }, `All ${data.count} as ZIP`)),
    h("p", { class: "muted small" }, "The recipe of each picture is in the ZIP. Nothing of your photo’s own data (place, time, camera) is in any file."));
}

function draw() {
  const data = props.value || {};
  root.className = "take";
  root.hidden = !data.count;
  fill(root,
    h("button", { type: "button", class: "plain", "data-key": "toggle", "aria-expanded": String(open), onclick: () => toggle(!open) }, icon("download"), "Download"),
    open && panel(data));
}

function toggle(next) {
  open = next;
  draw();
}

root.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !open) return;
  toggle(false);
  root.querySelector("[data-key=toggle]").focus();
});
document.addEventListener("pointerdown", (event) => open && !root.contains(event.target) && toggle(false));
onData(() => {
  draw();
});
draw();
