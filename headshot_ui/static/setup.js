// First run: how far the model files are.
function draw() {
  const data = props.value || {};
  root.className = data.error ? "setup trouble" : "setup";
  root.hidden = data.ready !== false;
  if (root.hidden) return fill(root);
  fill(root,
    problem(data.error) || h("p", { role: "status", title: data.says }, data.says),
    data.error && h("button", { type: "button", class: "link", "data-key": "again", onclick: () => trigger("again", {}) }, "Try again"),
    !data.error && h("span", { class: "progress" }, h("span", { class: "progress-fill", style: `width:${data.percent}%` })));
}

onData(draw);
draw();
