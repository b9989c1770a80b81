// Several photos for the same treatment: chosen, enhanced one after the other, taken home in one ZIP.
let open = false;
let sending = 0;
let local = null; // an error that the browser itself found
let kind = "jpg";
let by = "tools";
const STATES = { waiting: "waits", working: "at work …", done: "ready", failed: "failed" };
const KINDS = [{ name: "png", title: "PNG", hint: "best quality" }, { name: "jpg", title: "JPEG", hint: "opens everywhere" }, { name: "webp", title: "WebP", hint: "smallest" }];

function choose() {
  const input = h("input", { type: "file", multiple: true, accept: "image/*,.heic,.heif,.avif,.tif,.tiff" });
  input.addEventListener("change", () => add([...input.files]));
  input.click();
}

async function add(files) {
  local = null;
  for (const file of files) {
    sending += 1;
    draw();
    try {
      trigger("include", { path: await send(file) });
    } catch (error) {
      local = error;
    }
    sending -= 1;
  }
  draw();
}

function job(one, number) {
  return h("li", { class: `job ${one.state}`, title: one.error || one.name },
    h("span", { class: "job-picture" }, one.picture ? h("img", { src: one.picture, alt: "" }) : "!", one.state === "working" && h("span", { class: "shimmer" }), one.state === "done" && h("span", { class: "tile-mark" }, icon("check"))),
    h("span", { class: "job-words" }, h("span", {}, one.name), h("span", { class: "muted" }, one.error || STATES[one.state])),
    h("button", { type: "button", class: "tile-drop", "aria-label": `Take ${one.name} away`, "data-key": `drop ${number}`, onclick: () => trigger("exclude", { number }) }, icon("close")));
}

function content(data) {
  const jobs = data.jobs;
  const usable = jobs.filter((one) => one.state !== "failed" || one.picture).length;
  const busy = jobs.some((one) => one.state === "working");
  const ways = [{ name: "tools", title: "These settings", hint: "The tools as they are set now" }, { name: "wand", title: "The wand, for each", hint: "What the wand chooses for each photo" }];
  return h("div", { class: "batch-body" },
    h("p", { class: "muted small" }, "The same treatment for many photos. One that cannot be done says why; the others go on."),
    problem(local || data.error),
    jobs.length > 0 && h("ul", { class: "jobs" }, jobs.map(job)),
    h("div", { class: "batch-row" },
      h("button", { type: "button", class: "plain", "data-key": "choose", disabled: busy || sending > 0, onclick: choose }, sending ? "One moment …" : jobs.length ? "Add more" : "Choose photos"),
      usable > 0 && [
        chips("Treatment", ways, by, (name) => ((by = name), draw())),
        chips("Format of all", KINDS, kind, (name) => ((kind = name), draw())),
        h("button", { type: "button", class: "plain", "data-key": "start", disabled: busy || (by === "tools" && !data.tools), title: by === "tools" && !data.tools ? "Use a tool, a style or the wand first" : null, onclick: () => trigger("start", { kind, wand: by === "wand" }) },
          usable === 1 ? "Enhance 1 photo" : `Enhance ${usable} photos`),
        !busy && jobs.some((one) => one.state === "done") && h("button", { type: "button", class: "link", "data-key": "fetch", onclick: () => trigger("fetch", {}) }, "Download the ZIP"),
      ]));
}

function draw() {
  const data = props.value || { jobs: [] };
  root.className = "batch";
  root.hidden = !data.ready;
  if (root.hidden) return fill(root);
  const now = data.jobs.length ? `${data.jobs.length} chosen` : "";
  fill(root,
    h("button", { type: "button", class: "section-head", "aria-expanded": String(open), "data-key": "several", onclick: () => ((open = !open), draw()) },
      h("span", {}, "Several photos"), h("span", { class: "muted" }, now), icon("open")),
    open && content(data));
}

onData(() => {
  draw();
});
draw();
