// The one main button of the tab, always in the same place. While it works: progress, time left, Cancel.
let ticking = null;

function left(data) {
  const seconds = Math.max(0, (data.until - Date.now()) / 1000);
  return seconds < 1.5 ? "nearly there" : `about ${Math.round(seconds)} s left`;
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
    h("button", { type: "button", class: "plain", "data-key": "main", onclick: () => trigger("cancel", {}) }, "Cancel"),
  ];
}

function make() {
  if (!props.value?.ready) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  document.querySelector("#stage").scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "nearest" });
  trigger("make", {});
}

function resting(data) {
  clearInterval(ticking);
  return [
    h("div", { class: "bar-says", role: "status" }, problem(data.error) || data.says),
    h("button", {
      type: "button", class: "main", "data-key": "main", "aria-disabled": String(!data.ready),
      onclick: make,
    }, "Make headshots"),
  ];
}

function draw() {
  const data = props.value || { says: "" };
  root.className = `bar ${data.working ? "working" : ""}`;
  fill(root, h("div", { class: "bar-inner" }, data.working ? working(data) : resting(data)));
}

watch("value", draw);
draw();
