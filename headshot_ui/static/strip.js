// The picked looks as small pictures, their places reserved before they are ready.
const STATES = { waiting: "not made yet", draft: "preview", making: "being made", done: "ready", failed: "failed" };

function tile(shot, data) {
  const on = shot.name === data.selected;
  return h("div", { class: `tile ${shot.state}${on ? " on" : ""}` },
    h("button", {
      type: "button", class: "tile-picture", "aria-pressed": String(on), "data-key": `show ${shot.name}`,
      "aria-label": `${shot.title}, ${STATES[shot.state]}`, title: shot.title, onclick: () => trigger("show", { name: shot.name }),
    }, shot.picture ? h("img", { src: shot.picture, alt: "" }) : h("span", { class: "shimmer" }),
      shot.state === "done" && h("span", { class: "tile-mark" }, icon("check")),
      shot.state === "failed" && h("span", { class: "tile-mark failed" }, "!")),
    h("button", {
      type: "button", class: "tile-drop", "data-key": `drop ${shot.name}`, "aria-label": `Take ${shot.title} away`,
      onclick: () => trigger("drop", { name: shot.name }),
    }, icon("close")));
}

function draw() {
  const data = props.value || { shots: [] };
  root.className = "strip";
  root.hidden = !data.shots?.length;
  if (root.hidden) return fill(root);
  const list = h("div", { class: "tiles", role: "group", "aria-label": "Your headshots" }, data.shots.map((shot) => tile(shot, data)));
  const old = root.querySelector(".tiles")?.scrollLeft || 0;
  fill(root, rove(list, ".tile-picture"));
  list.scrollLeft = old;
  const shown = list.querySelector(".on");
  if (shown && (shown.offsetLeft < list.scrollLeft || shown.offsetLeft + shown.offsetWidth > list.scrollLeft + list.clientWidth))
    list.scrollLeft = shown.offsetLeft - 16;
}

onData(draw);
draw();
