// The picture: what is being drawn, the one selected, or the sketch of what will be; beside it a strip of all the others.
const WORD = "headshot-studio"; // under which the browser keeps whose page this is
let shown = null; // the large picture and its key: it is not sent again while it stays the same
let sketch = null; // the latest sketch, for its tile
let unfolded = false; // the pictures that were not among the best
let telling = false; // the recipe is shown
let asking = null;

// A word that only this browser knows: by it a page that is loaded again finds what it had drawn. On a page that many
// people share it is gone with the tab.
function word() {
  const store = props.hosted ? sessionStorage : localStorage;
  let kept = null;
  try {
    kept = store.getItem(WORD);
    if (!kept) store.setItem(WORD, (kept = fresh()));
  } catch {
    kept = kept || fresh(); // a browser that keeps nothing
  }
  return kept;
}
const fresh = () => [...crypto.getRandomValues(new Uint8Array(24))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

// The strip.

const SKETCH = "sketch";
function tile(picture, data, more = false) {
  return h("div", { class: `tile${picture.key === data.selected ? " on" : ""}${more ? " more" : ""}` },
    h("button", {
      type: "button", class: "tile-picture", "aria-pressed": String(picture.key === data.selected), "data-key": `show ${picture.key}`, title: picture.says,
      "aria-label": picture.label || picture.says, onclick: () => trigger("show", { key: picture.key }),
    }, picture.picture ? h("img", { src: picture.picture, alt: "" }) : icon("brush")));
}

const place = () => h("div", { class: "tile", "aria-hidden": "true" }, h("span", { class: "tile-picture" }, h("span", { class: "shimmer" })));

function strip(data) {
  const count = data.series.reduce((sum, one) => sum + one.more.length, 0);
  const first = { key: SKETCH, picture: sketch, says: data.stamp ? "What is being drawn" : "The sketch" };
  const pictures = data.series.flatMap((one) => [
    ...one.best.map((made) => tile(made, data)), ...(unfolded ? one.more.map((made) => tile(made, data, true)) : [])]);
  if (!pictures.length && !data.stamp) return null;
  const fold = count > 0 && h("button", {
    type: "button", class: "tile-more", "aria-expanded": String(unfolded), "data-key": "more", title: "The pictures that came out less well",
    onclick: () => {
      unfolded = !unfolded;
      draw();
    },
  }, unfolded ? "fewer" : `${count} more`);
  return h("div", { class: "tiles", role: "group", "aria-label": "Pictures" },
    tile(first, data), Array.from({ length: data.waiting }, place), pictures, fold);
}

// The picture, and what can be done with it.

function frame(data) {
  const box = h("div", { class: `compare ${data.state}`, style: `--ratio:${data.width / data.height}` });
  const faint = data.state === "drawing" && !data.picture && sketch; // until there is something to see of it
  if (data.picture || faint) box.append(h("img", { class: faint ? "faint" : data.same ? "after same" : "after", src: data.picture || sketch, alt: data.state === "made" ? data.title : data.says || data.title }));
  if (data.state === "drawing" || !data.picture) box.append(h("span", { class: "shimmer" }));
  if (data.state === "drawing" && data.says) box.append(h("p", { class: "craft-says" }, data.says));
  return box;
}

function actions(data) {
  const link = (key, words, title, click) => h("button", { type: "button", class: "link", "data-key": key, title, onclick: click }, words);
  const all = data.series.reduce((sum, one) => sum + one.best.length, 0);
  return h("div", { class: "craft-actions" },
    h("button", { type: "button", class: "plain", "data-key": "take", onclick: () => trigger("take", { key: data.key, kind: "png" }) }, icon("download"), "Download"),
    all > 1 && link("take all", `All ${all} as ZIP`, "The best pictures with their recipes", () => trigger("take_all", { kind: "png" })),
    link("enhance", "Enhance", "Retouch this picture", () => trigger("enhance", { key: data.key })),
    link("again", "Use again", "The form as it was for this picture, its seed too", () => trigger("again", { key: data.key })),
    h("button", { type: "button", class: "link", "data-key": "recipe", "aria-expanded": String(telling), onclick: () => {
      telling = !telling;
      draw();
    } }, "Recipe"));
}

function recipe(data) {
  const copy = h("button", { type: "button", class: "link small", "data-key": "copy", onclick: async () => {
    await navigator.clipboard.writeText(data.recipe);
    copy.textContent = "Copied";
  } }, "Copy");
  return h("div", { class: "craft-recipe" },
    h("p", { class: "small muted" }, "All that decides this picture; it is inside the file too. ", copy),
    h("pre", { tabindex: 0, "aria-label": "The recipe as JSON" }, data.recipe));
}

function words(data) {
  const made = data.state === "made";
  return h("div", { class: "viewer-words" },
    h("div", { class: "viewer-title" },
      h("h2", {}, data.title),
      (data.numbers || []).map((number) => h("span", { class: "number", title: number.words }, `${number.name} ${number.value}`)),
      made && data.drawn && h("span", { class: "number", title: "The same recipe and seed draw the same picture" }, `Seed ${data.seed}`)),
    problem(data.error),
    made && data.notes.length > 0 && h("p", { class: "muted small" }, data.notes.join(" ")),
    data.state === SKETCH && data.says && h("p", { class: "muted small" }, data.says),
    made && actions(data),
    made && telling && recipe(data));
}

function draw() {
  const data = { series: [], ...props.value };
  root.className = `craft-view viewer ${data.state || "none"}${data.series.length || data.stamp ? " filled" : ""}`;
  if (!data.state || data.state === "none") return fill(root);
  const key = data.state === "made" ? data.key : data.state;
  data.same = data.picture === shown?.picture; // it does not appear anew
  if (data.picture) shown = { key, picture: data.picture };
  else if (shown?.key === key) data.picture = shown.picture;
  if (data.state === SKETCH && data.picture) sketch = data.picture;
  const old = root.querySelector(".tiles")?.scrollTop || 0;
  fill(root, h("div", { class: "craft-stage" }, strip(data) || h("span", {}), h("div", { class: "viewer-stage" }, frame(data))), words(data));
  const tiles = root.querySelector(".tiles");
  if (tiles) {
    rove(tiles, ".tile-picture:is(button), .tile-more");
    tiles.scrollTop = old;
  }
}

// While something is drawn the page asks every second: that works after a nap of the laptop too.
function ask() {
  clearInterval(asking);
  asking = props.value?.stamp ? setInterval(() => trigger("tick", { seen: props.value.stamp, key: shown?.key || "" }), 1000) : null;
}

onData(() => {
  draw();
  ask();
});
draw();
trigger("owner", { word: word() });
