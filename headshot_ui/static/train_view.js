// The training while it works, and what came of it: a sample large, the same prompt at every checkpoint beside each other,
// how it learned as two curves, and the log. It asks for news by itself.
const thumbs = new Map(); // kept here, so that each sample is sent but once
let large = null; // the picture in hand and whose it is
let telling = false; // the log is unfolded
let asking = null;

const have = () => [...thumbs.keys()];
const at = (data, step) => data.checkpoints.find((one) => one.step === step);
const show = (step, number) => trigger("show", { step, number, have: have() });

function head(data) {
  return part("head", [data.title, data.says, data.todo, data.error, data.state], () => h("div", { class: "train-head" },
    h("h2", { role: "status" }, data.title),
    problem(data.error),
    ["failed", "broken"].includes(data.state) ? problem({ what: data.says, todo: data.todo }) : data.says && h("p", { class: "muted" }, data.says)));
}

// The picture that is looked at; beside it the other samples of that checkpoint.

function stage(data) {
  const { selected } = data;
  if (!selected) return part("waiting", data.steps, () => h("div", { class: "train-stage none" }, h("span", { class: "shimmer" }), h("p", { class: "muted" }, "The first pictures come with the first checkpoint.")));
  const one = at(data, selected.step);
  const file = one.samples[selected.number];
  const picture = data.picture || large?.picture;
  const tile = (sample, number) => h("div", { class: `tile${number === selected.number ? " on" : ""}` }, h("button", {
    type: "button", class: "tile-picture", "aria-pressed": String(number === selected.number), "aria-label": `Sample ${number + 1}`, "data-key": `sample ${number}`,
    onclick: () => show(one.step, number),
  }, thumbs.has(sample) ? h("img", { src: thumbs.get(sample), alt: "" }) : h("span", { class: "shimmer" })));
  return part("stage", [file, one.samples, one.samples.filter((sample) => thumbs.has(sample)).length, picture?.url.length], () => h("div", { class: "train-stage" },
    one.samples.length > 1 && rove(h("div", { class: "tiles", role: "group", "aria-label": "Samples of this checkpoint" }, one.samples.map(tile))),
    picture && h("div", { class: "compare", style: `--ratio:${picture.width / picture.height}` }, h("img", { class: "after", src: picture.url, alt: `Drawn at step ${one.step}` }))));
}

function words(data) {
  const one = data.selected && at(data, data.selected.step);
  if (!one) return null;
  const mine = one.step === data.chosen;
  return part("words", [one, mine, data.choosable], () => h("div", { class: "train-words" },
    h("div", { class: "viewer-title" },
      h("h3", {}, one.step ? `Step ${one.step}` : "Before the training"),
      one.numbers.map((number) => h("span", { class: "number", title: number.words }, `${number.name} ${number.value}`))),
    one.notes.length > 0 && h("p", { class: "muted small" }, one.notes.join(" ")),
    mine ? h("p", { class: "model-here small" }, icon("check"), h("span", {}, "Your model is made of this one"))
      : data.choosable && one.step > 0 && button("use", "Use this one", () => trigger("choose", { step: one.step, have: have() }), "plain", "Make the model of this checkpoint")));
}

// The same prompt at every checkpoint.

function strip(data) {
  const drawn = data.checkpoints.filter((one) => one.samples.length);
  if (drawn.length < 2) return null;
  const { step, number } = data.selected;
  const tile = (one) => {
    const file = one.samples[Math.min(number, one.samples.length - 1)];
    const says = one.likeness === null ? "" : `, likeness ${Math.round(one.likeness)}`;
    return h("button", {
      type: "button", class: `moment${one.step === step ? " on" : ""}${one.step === data.chosen ? " chosen" : ""}`, role: "radio", "aria-checked": String(one.step === step),
      "aria-label": `Step ${one.step}${says}${one.step === data.chosen ? ", chosen" : ""}`, "data-key": `moment ${one.step}`, onclick: () => show(one.step, number),
    },
      h("span", { class: "moment-picture" }, thumbs.has(file) ? h("img", { src: thumbs.get(file), alt: "" }) : h("span", { class: "shimmer" }), one.step === data.chosen && h("span", { class: "tile-mark" }, icon("check"))),
      h("span", { class: "moment-words" }, h("span", {}, one.step ? String(one.step) : "before"), one.likeness !== null && h("span", { class: "muted" }, ` · ${Math.round(one.likeness)}`)));
  };
  return part("strip", [drawn, step, number, data.chosen, drawn.filter((one) => thumbs.has(one.samples[0])).length], () => h("div", { class: "train-strip" },
    h("h3", {}, "How it learned", h("span", { class: "muted" }, " the same words at each checkpoint: step · likeness")),
    rove(h("div", { class: "moments", role: "radiogroup", "aria-label": "Checkpoints" }, drawn.map(tile)))));
}

// Curves.

function loss(data) {
  const points = data.losses;
  const line = calm(points);
  const [first, last] = [line[0], line[line.length - 1]];
  return part("loss", [points.length, last, data.steps], () => chart({
    title: "How wrong it still is", unit: "loss", end: data.steps, digits: 2, low: 0, lines: [{ points, faint: true }, { points: line }],
    says: points.length ? `The loss goes from ${first[1].toFixed(3)} at step ${first[0]} to ${last[1].toFixed(3)} at step ${last[0]}.` : "", none: "The curve begins with the first steps.",
  }));
}

function likeness(data) {
  const seen = data.checkpoints.filter((one) => one.likeness !== null);
  const points = seen.map((one) => [one.step, one.likeness]);
  const marks = seen.map((one) => ({ step: one.step, value: one.likeness, on: one.step === data.selected?.step, chosen: one.step === data.chosen, says: `Step ${one.step}: likeness ${Math.round(one.likeness)}` }));
  const told = seen.map((one) => `${Math.round(one.likeness)} at step ${one.step}`).join(", ");
  return part("likeness", [marks, data.steps, data.checkpoints.length > 0], () => chart({
    title: "How alike it draws", unit: "likeness of 100", end: data.steps, low: 0, high: 80, lines: [{ points }], marks, pick: (step) => show(step, data.selected?.number || 0),
    says: `Likeness: ${told}.${data.chosen ? ` Step ${data.chosen} is chosen.` : ""}`, none: data.checkpoints.length ? "No face was drawn that could be compared." : "The first point comes with the first checkpoint.",
  }));
}

// The card of a finished model, and the log.

function card(data) {
  if (!data.card) return null;
  const { facts, licence, commercial, pictures, error } = data.card;
  const terms = licence?.name && h("div", { class: "fact" }, h("dt", {}, "Licence"), h("dd", {}, licence.url ? h("a", { href: licence.url, target: "_blank", rel: "noreferrer noopener" }, licence.name) : licence.name, commercial ? ": commercial use allowed" : ": commercial use not known to be allowed"));
  return part("card", [data.name, data.card], () => h("div", { class: "train-card" },
    h("h3", {}, "About this model"), problem(error),
    !data.checkpoints.length && pictures.length > 0 && h("div", { class: "train-card-pictures" }, pictures.map((url) => h("img", { src: url, alt: "Drawn with this model" }))),
    h("dl", { class: "facts" }, facts.map((fact) => h("div", { class: "fact" }, h("dt", {}, fact.title), h("dd", {}, fact.value))), terms),
    h("p", { class: "muted small" }, "It can make pictures that look like a real person: share it only if they agree.")));
}

function log(data) {
  if (!data.log.length) return null;
  const fold = part("log head", telling, () => foldHead("log", "What happened", "", telling, () => {
    telling = !telling;
    draw();
  }));
  const lines = telling && part("log", data.log, () => h("pre", { tabindex: 0, "aria-label": "The log" }, data.log.join("\n")));
  return [fold, lines];
}

function draw() {
  const data = props.value || {};
  root.className = "train-view";
  root.hidden = !data.ready;
  if (root.hidden) return lay(root);
  const curves = data.checkpoints.length + data.losses.length || data.choosable === false;
  const seen = data.selected || !data.choosable;
  const frame = part("show", 0, () => h("div", { class: "train-show" }));
  const column = part("curves", 0, () => h("div", { class: "curves" }));
  lay(column, loss(data), likeness(data));
  const picture = part("picture", 0, () => h("div", { class: "train-picture" }));
  lay(picture, stage(data), words(data));
  lay(frame, seen && picture, curves && column);
  lay(root, head(data), (seen || curves) && frame, strip(data), card(data), log(data));
  const pre = root.querySelector("pre");
  if (pre && !pre.scrollTop) pre.scrollTop = pre.scrollHeight;
}

// While anybody is trained the page asks every second or two: that works after a nap of the laptop too.
function ask() {
  clearInterval(asking);
  asking = props.value?.stamp ? setInterval(() => trigger("tick", { seen: props.value.stamp, have: have() }), 1500) : null;
}

let owner = null;
onData(() => {
  const data = props.value;
  if (owner !== `${data.short}/${data.name}`) {
    owner = `${data.short}/${data.name}`;
    [thumbs, parts].forEach((known) => known.clear()); // files of different trainings may have the same names
    large = null;
  }
  for (const [file, url] of Object.entries(data.thumbs || {})) thumbs.set(file, url);
  if (data.picture) large = { picture: data.picture };
  draw();
  come();
  ask();
});
draw();
