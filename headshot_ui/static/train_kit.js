// What the widgets of the Train tab share: they are fed every second or two, and nothing must move under the hand.

// A part of a widget that is drawn anew only when what it shows has changed.
const parts = new Map();
function part(key, shown, make) {
  const words = JSON.stringify(shown);
  if (parts.get(key)?.words !== words) parts.set(key, { words, node: make() });
  return parts.get(key).node;
}

// Show these children: those that are in their place already are not touched, and keep focus and scroll.
function lay(node, ...children) {
  const wanted = children.flat().filter(Boolean);
  const key = node.contains(document.activeElement) && document.activeElement.dataset.key;
  for (const old of [...node.childNodes]) if (!wanted.includes(old)) old.remove();
  wanted.forEach((child, at) => node.childNodes[at] !== child && node.insertBefore(child, node.childNodes[at] || null));
  if (key && !node.contains(document.activeElement)) node.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

// What was asked for comes into sight.
function come() {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (props.value.come) root.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
}

function foldHead(key, title, now, open, toggle) {
  return h("button", { type: "button", class: "section-head", "aria-expanded": String(open), "data-key": key, onclick: toggle },
    h("span", {}, title), h("span", { class: "muted" }, now), icon("open"));
}

const button = (key, words, click, kind = "plain", title = null) => h("button", { type: "button", class: kind, "data-key": key, title, onclick: click }, words);
