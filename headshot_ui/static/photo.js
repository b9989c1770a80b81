// The person's photo: choose, drop, paste, webcam or example; then its faces and what was found.
let sending = false;
let local = null; // an error that the browser itself found
let sure = false; // asked whether to delete

async function give(file) {
  if (!file || sending) return;
  sending = true;
  local = null;
  draw();
  try {
    const path = await send(file);
    trigger("give", { path });
  } catch (error) {
    local = error;
  }
  sending = false;
  draw();
}

async function shoot() {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: 1920, height: 1440, facingMode: "user" } });
  } catch {
    local = { what: "The camera could not be opened.", todo: "Allow it for this page in the browser, or choose a photo." };
    return draw();
  }
  const video = h("video", { autoplay: true, playsinline: true, muted: true });
  video.muted = true;
  video.srcObject = stream;
  const dialog = h("dialog", { class: "camera widget", "aria-label": "Take a photo" },
    video,
    h("p", { class: "muted" }, "Face a window, hold the camera at eye height."),
    h("div", { class: "row" },
      h("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, "Close"),
      h("button", { type: "button", class: "main", onclick: snap }, "Take the photo")));
  function snap() {
    const canvas = h("canvas", { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    canvas.toBlob((blob) => give(new File([blob], "webcam.jpg", { type: "image/jpeg" })), "image/jpeg", 0.95);
    dialog.close();
  }
  dialog.addEventListener("close", () => {
    stream.getTracks().forEach((track) => track.stop());
    dialog.remove();
  });
  document.querySelector(".gradio-container").append(dialog); // not inside the widget, which is drawn anew with new data
  dialog.showModal();
}

const choose = async () => give(await choosePicture());
const example = () => trigger("example", {});

function drop(node) {
  node.addEventListener("dragover", (event) => {
    event.preventDefault();
    node.classList.add("over");
  });
  node.addEventListener("dragleave", () => node.classList.remove("over"));
  node.addEventListener("drop", (event) => {
    event.preventDefault();
    node.classList.remove("over");
    give(event.dataTransfer.files[0]);
  });
  return node;
}

function empty(busy) {
  return drop(h("div", { class: "welcome" },
    h("img", { class: "welcome-picture", src: props.hero, alt: props.picture }),
    h("div", { class: "welcome-words" },
      h("h1", {}, props.title),
      h("p", { class: "muted" }, props.words),
      problem(local || props.value?.error),
      h("button", { type: "button", class: "main", "data-key": "choose", disabled: busy, onclick: choose }, busy ? "One moment …" : "Choose a photo"),
      h("p", { class: "others" },
        "or ", h("button", { type: "button", class: "link", "data-key": "example", disabled: busy, onclick: example }, "try the example"),
        ", ", h("button", { type: "button", class: "link", "data-key": "camera", disabled: busy, onclick: shoot }, "use the camera"),
        ", drop or paste one here"))));
}

function faces(data) {
  if (data.faces.length < 2) return null;
  const face = (picture, index) =>
    h("button", {
      type: "button", class: "face", role: "radio", "aria-checked": String(index === data.chosen),
      "aria-label": `Person ${index + 1}`, "data-key": `face ${index}`, onclick: () => trigger("face", { index }),
    }, h("img", { src: picture, alt: "" }));
  return h("div", { class: "faces" },
    h("p", { class: "muted small" }, `${data.faces.length} people found. Whose headshot?`),
    rove(h("div", { class: "face-row", role: "radiogroup", "aria-label": "Whose headshot" }, data.faces.map(face))));
}

function loaded(data, busy) {
  return h("div", { class: "photo-card" },
    drop(h("button", { type: "button", class: "photo-frame", "aria-label": "Replace the photo", "data-key": "choose", onclick: choose },
      h("img", { src: data.picture, alt: "Your photo" }),
      busy && h("span", { class: "shimmer" }),
      h("span", { class: "photo-hint" }, icon("upload"), "Replace"))),
    h("div", { class: "photo-words" },
      h("p", { class: "photo-says", role: "status" }, busy ? data.says || "Sending the photo …" : data.says),
      problem(local || data.error),
      faces(data),
      data.notes.map((note) => h("p", { class: "muted small" }, note)),
      h("div", { class: "photo-actions" }, actions())));
}

function actions() {
  const link = (key, words, click) => h("button", { type: "button", class: "link", "data-key": key, onclick: click }, words);
  const ask = (next) => () => {
    sure = next;
    draw();
    root.querySelector(`[data-key=${next ? "keep" : "forget"}]`).focus();
  };
  if (sure) return [h("span", {}, "Results too?"), link("delete", "Delete all", () => trigger("forget", {})), link("keep", "Keep", ask(false))];
  return [props.hand && link("hand", props.hand, () => trigger("hand", {})), link("camera", "Camera", shoot), link("forget", "Delete my photo", ask(true))];
}

function draw() {
  const data = props.value || {};
  const busy = sending || data.state === "busy";
  root.className = data.picture ? "photo" : "photo is-empty";
  fill(root, data.picture ? loaded(data, busy) : empty(busy));
}

document.addEventListener("paste", (event) => {
  const file = [...(event.clipboardData?.files || [])].find((item) => item.type.startsWith("image/"));
  if (file && root.offsetParent) give(file);
});
onData(() => {
  local = null;
  sure = false;
  draw();
});
draw();
