// The one main button of the tab, always in the same place. While it works: progress, time left, Cancel. The data may name
// another `button` with its `event`, and other `buttons` while it works.
let ticking = null;
let kind = props.kinds?.[0];
let settings = false;
let open = false;
const KINDS = { png: ["PNG", "best quality"], jpg: ["JPEG", "opens everywhere"], webp: ["WebP", "smallest"] };

function left(data) {
  if (data.seconds_left === null) return ""; // not known yet
  const seconds = Math.max(0, (data.until - Date.now()) / 1000);
  if (seconds < 1.5) return "nearly there";
  if (seconds < 90) return `about ${Math.round(seconds)} s left`;
  return seconds < 5400 ? `about ${Math.round(seconds / 60)} min left` : `about ${(seconds / 3600).toFixed(1)} h left`;
}

const CANCEL = [{ name: "cancel", title: "Cancel" }];
function ways(data) {
  const button = ({ name, title, hint }, at) =>
    h("button", { type: "button", class: "plain", "data-key": at ? name : "main", title: hint, onclick: () => trigger(name, {}) }, title);
  return (data.buttons || CANCEL).map(button);
}

function working(data) {
  data.until = Date.now() + 1000 * data.seconds_left;
  const time = h("span", { class: "muted" }, left(data));
  clearInterval(ticking);
  ticking = setInterval(() => (time.textContent = left(data)), 500);
  const track = h("span", { class: "progress-fill", style: `width:${data.from}%` });
  // The next step's share fills over the time that a step takes.
  requestAnimationFrame(() => requestAnimationFrame(() => {
    track.style.transition = `width ${data.step_seconds}s linear`;
    track.style.width = `${data.to}%`;
  }));
  return [
    h("div", { class: "bar-says", role: "status" }, h("span", {}, data.says), " ", time),
    h("div", { class: "progress", role: "progressbar", "aria-valuenow": data.from, "aria-valuemin": 0, "aria-valuemax": 100, "aria-label": data.says }, track),
    ways(data),
  ].flat();
}

// How the picture is saved: a button that names it, and a small panel to change it.
function form() {
  const panel = () =>
    h("div", { class: "take-panel", role: "dialog", "aria-label": "Kind of file" },
      h("h3", {}, "Format"),
      chips("Format", props.kinds.map((name) => ({ name, title: KINDS[name][0], hint: KINDS[name][1] })), kind, (name) => {
        kind = name;
        draw();
      }),
      h("label", { class: "check" },
        h("input", { type: "checkbox", checked: settings, "data-key": "settings", onchange: (event) => {
          settings = event.target.checked;
          draw();
        } }),
        h("span", {}, "With its settings, in a ZIP")),
      h("p", { class: "muted small" }, "Nothing of your photo’s own data (place, time, camera) is in any file."));
  return h("div", { class: "bar-form" },
    h("button", { type: "button", class: "plain", "data-key": "form", "aria-expanded": String(open), "aria-label": `Kind of file: ${KINDS[kind][0]}`, onclick: () => toggle(!open) },
      settings ? `${KINDS[kind][0]} + settings` : KINDS[kind][0], icon("open")),
    open && panel());
}

function toggle(next) {
  open = next;
  draw();
}

function make() {
  if (!props.value?.ready) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  root.closest(".tabitem").querySelector(".stage").scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "nearest" });
  trigger(props.value.event || "make", { kind, settings });
}

function resting(data) {
  clearInterval(ticking);
  return [
    h("div", { class: "bar-says", role: "status" }, problem(data.error) || data.says),
    props.kinds && data.ready && form(),
    h("button", {
      type: "button", class: "main", "data-key": "main", "aria-disabled": String(!data.ready),
      onclick: make,
    }, data.button || props.button),
  ];
}

function draw() {
  const data = props.value || { says: "" };
  root.className = `bar ${data.working ? "working" : ""}`;
  fill(root, h("div", { class: "bar-inner" }, data.working ? working(data) : resting(data)));
}

root.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !open) return;
  toggle(false);
  root.querySelector("[data-key=form]").focus();
});
document.addEventListener("pointerdown", (event) => open && !root.contains(event.target) && toggle(false));
onData(() => {
  draw();
});
draw();
