// The score of a picture: the total, five bars, and behind each bar what was seen, in sentences, with what mends it.
let shown = null; // the latest score of this picture: kept, dimmed, while a new one is worked out
let opened = null; // the bar whose sentences are shown
let folded = matchMedia("(max-width: 820px)").matches;
let asked = false; // a button was pressed: its effect is measured at once
let later = null;
const REST = 400; // milliseconds without a change after which a picture is at rest
const RULES = [
  { name: "headshot", title: "Headshot", hint: "What makes a good headshot" },
  { name: "passport", title: "Passport", hint: "The rules for photos in travel documents" },
];
const BLANK = ["Striking", "Background", "Lighting", "Expression", "Composition"];
const said = h("p", { class: "unseen", role: "status" });

function ask(event, data, button) {
  asked = true;
  root.setAttribute("aria-busy", "true");
  if (button) button.textContent = "One moment …";
  trigger(event, data);
}

const fix = (key, words, event, data, hint) =>
  h("button", { type: "button", class: "plain", "data-key": key, title: hint, onclick: (click) => ask(event, data, click.currentTarget) }, words);

// What stands in a place of its own: the numbers, with the photo's before them where they are others.
const words = ({ now, before }) => (before === null ? `${now} of 100` : `${now} of 100, was ${before}`);
const pair = ({ now, before }) => (before === null || before === now ? [now] : [h("span", { class: "muted" }, `${before} → `), now]);

function meter(pillar) {
  const { now, before } = pillar;
  return h("span", {
    class: "score-bar", role: "meter", "aria-label": pillar.title, "aria-valuenow": now, "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuetext": words(pillar),
    style: `--now:${now}%; --was:${before ?? now}%`,
  }, before !== null && before !== now && h("span", { class: "score-was" }));
}

function row(pillar) {
  const on = opened === pillar.name;
  return h("li", { class: "score-row" },
    h("button", {
      type: "button", class: "score-name", "aria-expanded": String(on), "data-key": `pillar ${pillar.name}`, title: `${pillar.title}: ${words(pillar)}`,
      onclick: () => {
        opened = on ? null : pillar.name;
        draw();
      },
    }, pillar.label),
    meter(pillar),
    h("span", { class: "score-number", "aria-hidden": "true" }, pillar.now),
    on && sentences(pillar));
}

// What was seen, the dearest fault first; mere figures stay folded away.
function sentences(pillar) {
  const told = pillar.measures.filter((measure) => measure.kind !== "info");
  const figures = pillar.measures.filter((measure) => measure.kind === "info");
  return h("div", { class: "score-says" },
    h("ul", { "aria-label": pillar.title }, told.map(sentence)),
    figures.length > 0 && h("details", {}, h("summary", { class: "muted", "data-key": `figures ${pillar.name}` }, "More figures"), h("ul", {}, figures.map(sentence))));
}

function sentence(measure) {
  return h("li", { class: `score-${measure.kind}`, title: measure.hint },
    measure.kind === "good" && icon("check"),
    h("span", {}, measure.says),
    measure.fix && fix(`fix ${measure.name}`, measure.fix, "mend", { measure: measure.name }));
}

const mini = (pillar) => h("span", { class: "score-bar", style: `--now:${pillar.now}%` });
const blank = (label) => h("li", { class: "score-row" }, h("span", { class: "score-name muted" }, label), h("span", { class: "score-bar" }), h("span", {}));

function foot() {
  return h("div", { class: "score-foot" },
    shown && (shown.rest ? h("p", { class: "muted" }, shown.rest) : fix("mend all", "Fix all", "mend_all", {}, "All that helps, as one step")),
    shown?.likeness && h("p", { title: shown.likeness.warning, tabindex: 0 }, shown.likeness.says),
    opened && chips("Scored as", RULES, props.value.rules, (name) => ask("judge_as", { name })));
}

function head() {
  return h("button", {
    type: "button", class: "section-head score-head", "aria-expanded": String(!folded), "data-key": "score",
    "aria-label": shown ? `Score: ${words(shown.total)}` : "Score", title: shown?.total.words,
    onclick: () => {
      folded = !folded;
      draw();
    },
  }, h("span", {}, "Score"), h("span", { class: "score-total" },
    folded && shown && h("span", { class: "score-mini", "aria-hidden": "true" }, shown.pillars.map(mini)),
    shown ? pair(shown.total) : "…"), icon("open"));
}

function draw() {
  const data = props.value || {};
  root.className = "score";
  root.hidden = !data.state;
  if (root.hidden) return fill(root);
  const busy = data.state === "measuring";
  root.setAttribute("aria-busy", String(busy));
  const rows = shown ? shown.pillars.map(row) : BLANK.map(blank);
  fill(root, said, head(), problem(data.error), !folded && h("ul", { class: "score-rows" }, rows), !folded && foot());
  said.textContent = shown && !busy ? `Score ${words(shown.total)}` : "";
}

// The score is worked out when the picture has come to rest, so that it never holds up a slider.
function take() {
  const data = props.value || {};
  if (shown?.of !== data.of || shown?.rules !== data.rules) shown = null;
  clearTimeout(later);
  if (data.state === "measuring") later = setTimeout(() => trigger("measure", {}), asked || !shown ? 0 : REST);
  else asked = false;
  if (data.state === "ready") shown = data;
  draw();
}

onData(take);
take();
