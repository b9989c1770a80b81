// What every widget of the page is built with. A widget is one function body: `props.value` is its data, `trigger`
// tells the server, `onData` says when the server sent new data.
const root = element.firstElementChild;

// An element: h("button", { class: "quiet", onclick: save }, "Save"). Attributes that are null or false are left out.
function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return node;
}

const ICONS = {
  camera: "M4 8h3l1.5-2.5h7L17 8h3v11H4z M12 10a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7",
  upload: "M12 16V5 M7.5 9.5L12 5l4.5 4.5 M4 15v4h16v-4",
  download: "M12 4v11 M7.5 10.5L12 15l4.5-4.5 M4 16v4h16v-4",
  bin: "M5 7h14 M10 7V4.5h4V7 M7 7l1 13h8l1-13",
  close: "M6 6l12 12 M18 6L6 18",
  open: "M9 6l6 6-6 6",
  search: "M11 4.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13 M16 16l4.5 4.5",
  check: "M5 12.5l4.5 4.5L19 7.5",
  drag: "M9 7l-5 5 5 5 M15 7l5 5-5 5",
  undo: "M8 5L4 9l4 4 M4 9h10a5 5 0 0 1 0 10h-3",
  redo: "M16 5l4 4-4 4 M20 9H10a5 5 0 0 0 0 10h3",
  wand: "M5 19L15.5 8.5 M18 3v4 M16 5h4 M19.5 12v3 M18 13.5h3 M10.5 3.5v3 M9 5h3",
  loupe: "M10.5 4.5a6 6 0 1 0 0 12a6 6 0 1 0 0-12 M15 15l5 5 M10.5 8v5 M8 10.5h5",
  brush: "M19.5 4.5L11 13 M9 14a3 3 0 0 1 3 3c0 2.5-3 3-7 3c1.5-1 1-2 1-3a3 3 0 0 1 3-3",
  mask: "M3 12c3-5 6-6.5 9-6.5s6 1.5 9 6.5c-3 5-6 6.5-9 6.5s-6-1.5-9-6.5 M12 9.5a2.5 2.5 0 1 0 0 5a2.5 2.5 0 1 0 0-5",
  up: "M6 14l6-6 6 6",
  down: "M6 10l6 6 6-6",
  person: "M12 4.5a4 4 0 1 0 0 8a4 4 0 1 0 0-8 M4.5 20c.6-3.6 3.6-5.5 7.5-5.5s6.9 1.9 7.5 5.5",
};

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

// Show new content without losing the keyboard's place: elements with the same data-key are the same to the user.
function fill(node, ...children) {
  const key = node.contains(document.activeElement) && document.activeElement.dataset.key;
  node.replaceChildren(...children.flat().filter(Boolean));
  if (key) node.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

function problem(error) {
  return error && h("p", { class: "problem", role: "alert" }, h("strong", {}, error.what), " ", error.todo || "");
}

// Arrow keys walk through a group of buttons, and only one of them is a stop of the Tab key.
function rove(group, selector = "button") {
  const items = () => [...group.querySelectorAll(selector)].filter((item) => item.offsetParent);
  const all = [...group.querySelectorAll(selector)];
  const first = all.find((item) => item.matches("[aria-checked=true]")) || all[0];
  all.forEach((item) => (item.tabIndex = item === first ? 0 : -1));
  group.addEventListener("focusin", (event) => {
    if (!event.target.matches(selector)) return;
    group.querySelectorAll(selector).forEach((item) => (item.tabIndex = item === event.target ? 0 : -1));
  });
  group.addEventListener("keydown", (event) => {
    const list = items();
    const at = list.indexOf(event.target);
    if (at < 0) return;
    const top = (item) => Math.round(item.getBoundingClientRect().top);
    const row = list.filter((item) => top(item) === top(list[0])).length;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: row, ArrowUp: -row }[event.key];
    const goal = { Home: 0, End: list.length - 1 }[event.key] ?? (step && at + step);
    if (goal === undefined) return;
    event.preventDefault();
    list[Math.max(0, Math.min(list.length - 1, goal))].focus();
  });
  return group;
}

// One of several, as chips. options: [{ name, title, hint }].
function chips(label, options, value, choose) {
  const button = (option) =>
    h("button", {
      class: "chip", type: "button", role: "radio", "aria-checked": String(option.name === value),
      title: option.hint, "data-key": `${label} ${option.name}`, onclick: () => choose(option.name),
    }, option.title);
  return rove(h("div", { class: "chips", role: "radiogroup", "aria-label": label }, options.map(button)));
}

// A slider with its name and value in words; a double click takes it back to where it rests.
function slider({ label, min, max, step, value, rest, words, change, track }) {
  const shown = h("output", {}, words(value));
  const input = h("input", {
    type: "range", min, max, step, value, "aria-label": label, "aria-valuetext": words(value), "data-key": label, class: track,
    oninput: () => set(Number(input.value)), ondblclick: () => set(rest),
  });
  const set = (next) => {
    input.value = next;
    paint();
    change(next);
  };
  const paint = () => {
    shown.textContent = words(Number(input.value));
    input.setAttribute("aria-valuetext", shown.textContent);
    input.style.setProperty("--at", `${(100 * (input.value - min)) / (max - min)}%`);
  };
  paint();
  return h("label", { class: "slider" }, h("span", {}, label), shown, input);
}

// Let the user choose a picture; gives a File or null.
function choosePicture() {
  return new Promise((resolve) => {
    const input = h("input", { type: "file", accept: "image/*,.heic,.heif,.avif,.tif,.tiff" });
    input.addEventListener("change", () => resolve(input.files[0] || null));
    input.addEventListener("cancel", () => resolve(null));
    input.click();
  });
}

// Send a file to the server; gives its path there, or throws { what, todo }.
async function send(file) {
  if (file.size > props.max_bytes) {
    const size = Math.round(file.size / 1e6);
    throw { what: `The file is too large: ${size} MB.`, todo: `Up to ${props.max_bytes / 1e6} MB can be read; save it as a JPEG, or make it smaller.` };
  }
  try {
    return (await upload(file)).path;
  } catch {
    throw { what: "The photo did not arrive.", todo: "Check that the studio is still running, and try again." };
  }
}

// Hand a finished file to the browser, once.
let fetched = null;
function fetchFile(file) {
  if (!file || file.url === fetched) return;
  fetched = file.url;
  const link = h("a", { href: file.url, download: file.name });
  root.append(link);
  link.click();
  link.remove();
}

// Draw what the server sends. Answers may overtake each other on the way: the one with the highest number is kept. What
// bears the number that is shown already is the widget's own change, or its own data once more: nothing new.
let newest = props.value;
function onData(show) {
  watch("value", () => {
    fetchFile(props.value?.file);
    const [turn, shown] = [props.value?.turn, newest?.turn];
    if (turn < shown) {
      props.value = newest;
      return;
    }
    newest = props.value;
    if (!turn || turn !== shown) show();
  });
}
