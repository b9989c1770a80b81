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

// While it works only words and numbers follow: a button that is being pressed is not exchanged under the hand.
const CANCEL = [{ name: "cancel", title: "Cancel" }];
let live = null;

function working(data) {
  const buttons = data.buttons || CANCEL;
  if (live?.names !== JSON.stringify(buttons)) begin(buttons);
  data.until = Date.now() + 1000 * data.seconds_left;
  live.says.textContent = data.says;
  live.time.textContent = left(data);
  clearInterval(ticking);
  ticking = setInterval(() => (live.time.textContent = left(data)), 500);
  live.track.setAttribute("aria-valuenow", data.from);
  live.track.setAttribute("aria-label", data.says);
  const { style } = live.done;
  style.transition = "none";
  style.width = `${data.from}%`;
  // The next step's share fills over the time that a step takes.
  requestAnimationFrame(() => requestAnimationFrame(() => {
    style.transition = `width ${data.step_seconds}s linear`;
    style.width = `${data.to}%`;
  }));
}

function begin(buttons) {
  const button = ({ name, title, hint }, at) =>
    h("button", { type: "button", class: "plain", "data-key": at ? name : "main", title: hint, onclick: () => trigger(name, {}) }, title);
  live = { names: JSON.stringify(buttons), says: h("span"), time: h("span", { class: "muted" }), done: h("span", { class: "progress-fill" }) };
  live.track = h("div", { class: "progress", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 }, live.done);
  fill(root, h("div", { class: "bar-inner" }, h("div", { class: "bar-says", role: "status" }, live.says, " ", live.time), live.track, buttons.map(button)));
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
  live = null;
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
  if (data.working) working(data);
  else fill(root, h("div", { class: "bar-inner" }, resting(data)));
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
