// The photos of a person, each with its verdict; a place to drop more; what the set still lacks.
let sending = []; // photos on their way: { parcel, name, url }
let local = null; // an error that the browser itself found
const pictures = new Map(); // kept here, so that the server sends each but once
const nodes = new Map(); // each photo's node and what it shows: only what changed is drawn anew
const touch = matchMedia("(pointer: coarse)").matches;

function choose(camera) {
  const input = h("input", { type: "file", multiple: !camera, capture: camera && "user", accept: "image/*,.heic,.heif,.avif,.tif,.tiff" });
  input.addEventListener("change", () => give([...input.files]));
  input.click();
}

// All files go as one parcel: they are kept one after the other, then looked at together.
async function give(files) {
  if (!files.length) return;
  const parcel = Math.random().toString(36).slice(2);
  const paths = [];
  local = null;
  sending.push(...files.map((file) => ({ parcel, name: file.name, url: URL.createObjectURL(file) })));
  draw();
  for (const file of files) {
    try {
      paths.push(await send(file));
    } catch (error) {
      local = { ...error, what: `${file.name}: ${error.what}` };
      taken((one) => one.parcel === parcel && one.name === file.name);
      draw();
    }
  }
  if (paths.length) trigger("give", { parcel, paths });
}

function taken(here) {
  sending.filter(here).forEach((one) => URL.revokeObjectURL(one.url));
  sending = sending.filter((one) => !here(one));
}

root.addEventListener("dragover", (event) => {
  event.preventDefault();
  root.classList.add("over");
});
root.addEventListener("dragleave", (event) => root.contains(event.relatedTarget) || root.classList.remove("over"));
root.addEventListener("drop", (event) => {
  event.preventDefault();
  root.classList.remove("over");
  give([...event.dataTransfer.files]);
});

// A picture that the browser cannot show, such as HEIC, stays a plain tile until the server has looked at it.
const image = (source) => source && h("img", { src: source, alt: "", onerror: (event) => event.target.remove() });

function tile({ name, state, word, reasons, picture, drop }) {
  return h("li", { class: `snap ${state}`, "data-name": name, "data-state": state },
    h("div", { class: "snap-picture" },
      image(picture), ["looking", "sending"].includes(state) && h("span", { class: "shimmer" }), state === "refused" && h("span", { class: "snap-none" }, "!"),
      drop && h("button", { type: "button", class: "tile-drop", "aria-label": `Remove ${name}`, title: "Remove this photo", "data-key": `drop ${name}`, onclick: drop }, icon("close"))),
    h("p", { class: "verdict", title: name }, h("span", { class: "dot" }), h("span", {}, word), state !== "refused" && h("span", { class: "snap-name muted" }, name)),
    reasons.slice(0, 2).map((reason) => h("p", { class: "snap-reason" }, reason.says, " ", h("span", { class: "muted" }, reason.advice))));
}

// The same node as before where nothing changed.
function kept(key, shown, make) {
  const words = JSON.stringify(shown);
  if (nodes.get(key)?.words !== words) nodes.set(key, { words, node: make() });
  return nodes.get(key).node;
}

function tiles(data) {
  const busy = data.photos.some((photo) => photo.state === "looking");
  const photo = (one) => {
    const shown = { ...one, picture: pictures.get(`${data.short}/${one.name}`), busy };
    return kept(`${data.short}/${one.name}`, shown, () => tile({ ...shown, drop: !busy && (() => trigger("remove", { name: one.name })) }));
  };
  const refused = (one, number) =>
    tile({ name: one.name, state: "refused", word: one.name, reasons: [one], drop: () => trigger("dismiss", { number }) });
  const coming = (one) => kept(one.url, one, () => tile({ name: one.name, state: "sending", word: "On its way …", reasons: [], picture: one.url }));
  return h("ul", { class: "snaps" }, data.photos.map(photo), sending.map(coming), data.refused.map(refused), h("li", { class: "snap-more" }, more()));
}

function more() {
  const button = (key, sign, words, camera) => h("button", { type: "button", class: "snap-add", "data-key": key, onclick: () => choose(camera) }, icon(sign), h("span", {}, words));
  if (touch) return [button("choose", "upload", "Add photos", false), button("camera", "camera", "Take one", true)];
  const whole = button("choose", "upload", "Add photos", false);
  whole.append(h("span", { class: "muted small" }, "or drop them anywhere here"));
  return whole;
}

// The first word of advice has its place above the photos; the others stand below, where they move nothing.
function advice(words) {
  return words.length > 0 && h("div", { class: "advice" }, h("h3", {}, "It would also help"), h("ul", {}, words.map((line) => h("li", {}, line))));
}

// What makes a good set, in words, where there is no photo yet.
const GOOD = ["One person, face in plain sight", "Different days, light and places", "From the front, and from both sides", "Smiling, and not", "Close, and from the waist up"];
const BAD = ["Sunglasses, masks, hands at the face", "Filters, screenshots, group photos", "Blurred, dark or tiny faces", "Ten from the same minute"];

function empty(data) {
  const list = (title, words, mark) => h("div", {}, h("h3", {}, title), h("ul", { class: `hints ${mark}` }, words.map((line) => h("li", {}, line))));
  return h("div", { class: "drop" },
    h("h2", {}, `Photos of ${data.name}`),
    h("p", { class: "muted" }, "Eight to twenty are ideal; three will do for a start."),
    h("div", { class: "row" },
      h("button", { type: "button", class: "main", "data-key": "choose", onclick: () => choose(false) }, "Choose photos"),
      touch && h("button", { type: "button", class: "plain", "data-key": "camera", onclick: () => choose(true) }, icon("camera"), "Take one")),
    !touch && h("p", { class: "muted small" }, "or drop them anywhere here"),
    h("div", { class: "hints-row" }, list("What helps", GOOD, "good"), list("What does not", BAD, "bad")));
}

function full(data) {
  return [
    h("div", { class: "snaps-head" },
      h("h2", {}, `Photos of ${data.name}`), h("span", { class: "muted", role: "status" }, data.says)),
    h("p", { class: "snaps-advice muted" }, sending.length ? "The photos are on their way …" : data.advice[0]),
    tiles(data),
    !sending.length && advice(data.advice.slice(1)),
  ];
}

function draw() {
  const data = props.value || {};
  root.className = "people-photos";
  root.hidden = !data.ready;
  if (root.hidden) return fill(root);
  const any = data.photos.length + data.refused.length + sending.length;
  fill(root, problem(local || data.error), any ? full(data) : empty(data));
}

onData(() => {
  const data = props.value;
  for (const photo of data.photos || []) if (photo.picture) pictures.set(`${data.short}/${photo.name}`, photo.picture);
  taken((one) => data.arrived?.includes(one.parcel));
  draw();
});
draw();
