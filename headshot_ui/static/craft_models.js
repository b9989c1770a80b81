// Base models: what each is good for, its terms and size; brought only when asked, with all that said first.
let opened = null; // unfolded by the person, or not; null: as it comes
let chosen = null; // the model whose terms are shown
const also = new Set(); // what is fetched along with it
let asking = null;

const busy = (data) => data.now && data.now.name;
const owner = (model, name) => model.name === name || model.extras.some((extra) => extra.name === name);

function progress(now) {
  return h("div", { class: "model-progress", role: "status" },
    h("span", { class: "small" }, now.says, " ", h("span", { class: "muted" }, now.left)),
    h("span", { class: "progress", role: "progressbar", "aria-valuenow": now.percent, "aria-valuemin": 0, "aria-valuemax": 100, "aria-label": now.says },
      h("span", { class: "progress-fill", style: `width:${now.percent}%` })),
    h("button", { type: "button", class: "link small", "data-key": "stop", onclick: () => trigger("stop_fetch", {}) }, "Cancel"));
}

const terms = (item) =>
  h("p", { class: "small muted" }, item.terms ? h("a", { href: item.terms, target: "_blank", rel: "noreferrer noopener" }, item.licence) : item.licence,
    item.commercial ? ": commercial use allowed" : ": commercial use not known to be allowed");

function extra(item) {
  if (item.here) return h("p", { class: "small model-here" }, icon("check"), h("span", {}, item.title));
  return h("label", { class: "check" },
    h("input", { type: "checkbox", checked: also.has(item.name), "data-key": `extra ${item.name}`, onchange: (event) => {
      if (event.target.checked) also.add(item.name);
      else also.delete(item.name);
    } }),
    h("span", {}, item.title, h("span", { class: "muted" }, ` ${item.good}; ${item.size}, ${item.licence}`)));
}

function offer(model, data) {
  const names = () => [...(model.here ? [] : [model.name]), ...model.extras.filter((item) => also.has(item.name)).map((item) => item.name)];
  return h("div", { class: "model-offer" },
    !model.here && h("p", { class: "small" }, `${model.size} from ${model.source}; ${data.free} are free on this disk.`),
    model.extras.length > 0 && h("div", {}, h("h4", {}, "What goes with it"), model.extras.map(extra)),
    h("div", { class: "row" },
      h("button", { type: "button", class: "plain", "data-key": `fetch ${model.name}`, onclick: () => {
        if (!names().length) return;
        trigger("fetch", { names: names() });
        chosen = null;
        draw();
      } }, "Agree and download"),
      h("button", { type: "button", class: "quiet", "data-key": `leave ${model.name}`, onclick: () => {
        chosen = null;
        draw();
      } }, "Not now")));
}

function card(model, data) {
  const on = chosen === model.name;
  const mine = busy(data) && owner(model, data.now.name);
  const wanted = !model.demo && (!model.here || model.extras.some((item) => !item.here));
  return h("li", { class: `model${on ? " on" : ""}` },
    h("h3", {}, model.title),
    model.good && h("p", { class: "small" }, model.good),
    h("p", { class: "small muted" }, `${model.size}, ${model.memory}`),
    terms(model),
    model.here && h("p", { class: "small model-here" }, icon("check"), h("span", {}, model.demo ? "Choose it under “Drawn by”" : "On this machine")),
    mine && progress(data.now),
    on && !mine && offer(model, data),
    !on && !mine && wanted && !data.hosted && h("button", {
      type: "button", class: model.here ? "link small" : "plain", "data-key": `get ${model.name}`, disabled: Boolean(busy(data)),
      onclick: () => {
        chosen = model.name;
        also.clear();
        draw();
        root.querySelector(`[data-key="fetch ${model.name}"]`)?.focus();
      },
    }, model.here ? "More for it" : `Download ${model.size}`));
}

const why = (data) => [
  data.hosted ? "This Space has no base model. Run the studio at home to draw new pictures." :
  "New clothes, poses and places are drawn by a base model, and there is none on this machine yet. It is fetched once, then works without the internet. " +
  "Until then the studio works on your photo: background, light and crop.",
  data.demo && `To see how drawing goes, choose ${data.demo} under “Drawn by”: it draws small cartoon portraits, at once.`,
].filter(Boolean).join(" ");

function draw() {
  const data = { models: [], ...props.value };
  root.className = `craft-models${data.none ? " none" : ""}`;
  root.hidden = !data.models.length;
  if (root.hidden) return fill(root);
  const open = opened ?? data.none;
  fill(root,
    h("button", { type: "button", class: "section-head", "aria-expanded": String(open), "data-key": "models", onclick: () => {
      opened = !open;
      draw();
    } }, h("span", {}, "Base models"), h("span", { class: "muted" }, data.models.filter((model) => model.here).map((model) => model.title).join(", ") || "none yet"), icon("open")),
    problem(data.error),
    !open && busy(data) && progress(data.now),
    open && data.none && h("p", { class: "muted model-why" }, why(data)),
    open && h("ul", { class: "models" }, data.models.map((model) => card(model, data))));
}

onData(() => {
  if (props.value?.wanted !== undefined) [opened, chosen] = [true, props.value.wanted]; // asked for in another tab
  draw();
  if (props.value?.wanted !== undefined) root.scrollIntoView({ block: "start" });
  clearInterval(asking);
  asking = busy(props.value || {}) ? setInterval(() => trigger("tick", {}), 1000) : null;
});
draw();
