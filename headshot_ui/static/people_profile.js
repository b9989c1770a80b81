// What is known of a person's looks, whether the pictures show them, and what can be taken away.
let sure = false; // asked whether to delete

function head(data) {
  const ring = ({ x, y, r }) =>
    h("span", { class: "ring", style: `left:${100 * x}%; top:${100 * y}%; --r:${100 * r}%` });
  if (!data.picture) return h("div", { class: "head none", "aria-hidden": "true" }, data.name.charAt(0).toUpperCase());
  return h("div", { class: "head" },
    h("img", { src: data.picture, alt: data.profile ? `${data.name}, with ${marks(data.profile.marks)} ringed` : data.name }),
    data.rings.map(ring));
}

const marks = (count) => (count === 1 ? "1 mark" : `${count} marks`);

function row(name, value, words) {
  return h("div", { class: "fact" }, h("dt", {}, name), h("dd", {}, value), words && h("dd", { class: "muted small" }, words));
}

function facts(data) {
  const known = data.profile;
  if (!known) return h("p", { class: "muted small" }, "From good photos the studio learns the shape of the face, the skin’s own tone, and which marks stay.");
  return [
    data.outdated && h("p", { class: "muted small" }, "Photos changed since. Check them, and this is brought up to date."),
    h("dl", { class: "facts" },
      row("Rests on", known.photos),
      row("Likeness among them", `${known.alike} of 100`, known.alike_words),
      known.tone && row("Skin tone", h("span", { class: "tone", style: `background:${known.tone}`, role: "img", "aria-label": `Colour ${known.tone}` }), "As in neutral light."),
      row("Marks that stay", known.marks ? String(known.marks) : "none found", known.marks ? "Ringed above where this photo shows them." : "Two or more good photos show which do.")),
    h("p", { class: "muted small" }, data.limits),
  ];
}

function use(data) {
  const ready = Boolean(data.profile);
  const words = data.used ? "Retouching keeps the marks, and each score says how alike it is." : data.other ? `Your pictures show ${data.other} now.` : "Retouching then keeps the marks that stay, and each score says how alike it is.";
  return h("div", { class: "use" },
    h("button", {
      type: "button", class: "switch", role: "switch", "aria-checked": String(data.used), "aria-label": `My pictures show ${data.name}`, "data-key": "use",
      disabled: !ready && !data.used, onclick: () => trigger("use", { on: !data.used }),
    }),
    h("span", { class: "use-words" }, h("span", {}, `My pictures show ${data.name}`), h("span", { class: "muted small" }, words)));
}

function ask(next) {
  sure = next;
  draw();
  root.querySelector(`[data-key=${next ? "keep" : "forget"}]`).focus({ preventScroll: true });
  root.querySelector(".sure")?.scrollIntoView({ block: "center" });
}

function end(data) {
  const link = (key, words, click) => h("button", { type: "button", class: "link", "data-key": key, onclick: click }, words);
  if (!sure)
    return h("div", { class: "photo-actions" },
      link("edit", "Change", () => trigger("edit", {})),
      link("export", "Export as ZIP", () => trigger("export", {})),
      link("forget", `Delete ${data.name}`, () => ask(true)));
  return h("div", { class: "sure", role: "alertdialog", "aria-label": `Delete ${data.name}` },
    h("p", {}, `Delete ${data.name}? All goes: ${data.kept || "what is known"}, with the profile and whatever was made of it. There is no way back.`),
    h("div", { class: "row" },
      h("button", { type: "button", class: "plain danger", "data-key": "delete", onclick: () => trigger("delete", {}) }, "Delete for good"),
      h("button", { type: "button", class: "quiet", "data-key": "keep", onclick: () => ask(false) }, "Keep")));
}

function draw() {
  const data = props.value || {};
  root.className = "people-profile";
  root.hidden = !data.ready;
  if (root.hidden) return fill(root);
  fill(root,
    head(data),
    h("div", { class: "profile-words" },
      h("div", {}, h("h2", {}, data.name), h("p", { class: "muted small" }, data.about)),
      problem(data.error),
      use(data),
      facts(data),
      h("p", { class: "muted small" }, data.kept && `${data.kept}. `, props.kept),
      end(data)));
}

onData(() => {
  sure = false;
  draw();
});
draw();
