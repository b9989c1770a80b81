// The light dial: a small clay head, lit as the recipe says, round which the key light is dragged.
const DIAL = 148; // CSS pixels across
const HEAD = 104; // samples across the head's picture

// Height of a simple head over its plane, x right, y down, both -1..1; null outside. Bumps are Gaussians.
const bump = (x, y, cx, cy, sx, sy, height) => height * Math.exp(-(((x - cx) / sx) ** 2) - ((y - cy) / sy) ** 2);
function height(x, y) {
  const jaw = y < 0 ? 0.64 : 0.64 - 0.2 * (y / 0.8) ** 2.2; // half the head's width at this height
  const neck = y > 0.55 && Math.abs(x) < 0.34 ? 0.2 * Math.sqrt(1 - (x / 0.34) ** 2) : null;
  const rest = 1 - (Math.abs(x) / jaw) ** 2.4 - Math.abs((y + 0.06) / 0.84) ** (y < 0 ? 2.2 : 3.2);
  if (rest <= 0) return neck;
  let z = 0.72 * Math.sqrt(rest);
  const side = Math.abs(x);
  const ridge = Math.min(1, Math.max(0, (y + 0.2) / 0.38)); // the nose grows from the brow to its tip
  const tip = y > 0.17 ? Math.exp(-(((y - 0.17) / 0.06) ** 2)) : 1;
  z += 0.22 * ridge * tip * Math.exp(-((x / (0.06 + 0.05 * ridge)) ** 2));
  z += bump(side, y, 0.25, -0.1, 0.13, 0.08, -0.09) + bump(side, y, 0.25, -0.09, 0.08, 0.05, 0.06); // eyes
  z += bump(side, y, 0.22, -0.24, 0.2, 0.06, 0.04) + bump(side, y, 0.36, 0.1, 0.14, 0.12, 0.05); // brows, cheekbones
  z += bump(x, y, 0, 0.36, 0.15, 0.035, 0.05) + bump(x, y, 0, 0.45, 0.12, 0.04, 0.05) + bump(x, y, 0, 0.405, 0.16, 0.016, -0.04); // lips
  return Math.max(z + bump(x, y, 0, 0.64, 0.15, 0.1, 0.05), neck ?? 0); // chin
}

const relief = (() => {
  const step = 2 / HEAD;
  const heights = new Float32Array(HEAD * HEAD).fill(NaN);
  for (let row = 0; row < HEAD; row++)
    for (let column = 0; column < HEAD; column++) heights[row * HEAD + column] = height(column * step - 1, row * step - 1) ?? NaN;
  return { heights, step };
})();

// Is the light hidden from this point by the relief? 1 lit, 0 in shadow, soft between.
function lit(row, column, z, light, softness) {
  const { heights, step } = relief;
  const flat = Math.hypot(light[0], light[1]);
  if (flat < 0.05) return 1;
  const rise = (light[2] / flat) * step;
  let clear = 1;
  for (let i = 2; i < 26; i++) {
    const other = heights[Math.round(row + (i * light[1]) / flat) * HEAD + Math.round(column + (i * light[0]) / flat)];
    if (Number.isNaN(other) || other === undefined) break;
    clear = Math.min(clear, 0.5 + (z + rise * i - other) / (0.02 + 0.012 * i * softness));
    if (clear <= 0) return 0;
  }
  return clear;
}

function paintHead(canvas, light, look) {
  const { heights, step } = relief;
  const context = canvas.getContext("2d");
  const image = context.createImageData(HEAD, HEAD);
  for (let row = 1; row < HEAD - 1; row++)
    for (let column = 1; column < HEAD - 1; column++) {
      const at = row * HEAD + column;
      const z = heights[at];
      if (Number.isNaN(z)) continue;
      const slope = (one, two) => ((Number.isNaN(two) ? z : two) - (Number.isNaN(one) ? z : one)) / (2 * step);
      const nx = -slope(heights[at - 1], heights[at + 1]);
      const ny = -slope(heights[at - HEAD], heights[at + HEAD]);
      const length = Math.hypot(nx, ny, 1);
      const facing = (nx * light[0] + ny * light[1] + light[2]) / length;
      const wrap = 0.25 * look.softness;
      const key = Math.max(0, (facing + wrap) / (1 + wrap)) * lit(row, column, z, light, look.softness);
      const edge = (1 - 1 / length) ** 3 * look.rim;
      for (let c = 0; c < 3; c++) {
        const linear = look.clay[c] * (0.035 + 0.5 * look.fill * (0.55 + 0.45 / length) + 0.95 * key * look.warmth[c]) + 0.9 * edge;
        image.data[4 * at + c] = 255 * Math.min(1, linear) ** (1 / 2.2);
      }
      image.data[4 * at + 3] = Math.min(255, 900 / length);
    }
  context.putImageData(image, 0, 0);
}

// Roughly the colour of a lamp, for the eye alone: warm below 6500 K, cool above.
const warmth = (kelvin) => {
  const t = (6500 - kelvin) / 4000;
  return t > 0 ? [1 + 0.1 * t, 1 - 0.15 * t, 1 - 0.5 * t] : [1 + 0.25 * t, 1 + 0.05 * t, 1 - 0.15 * t];
};

const inWords = (azimuth, elevation) => {
  const side = Math.abs(azimuth) < 3 ? "from the camera" : `${Math.abs(Math.round(azimuth))}° from the ${azimuth > 0 ? "right" : "left"}`;
  const rise = Math.abs(elevation) < 3 ? "at eye height" : `${Math.abs(Math.round(elevation))}° ${elevation > 0 ? "above" : "below"} the eyes`;
  return `${side}, ${rise}`;
};

// light: { azimuth, elevation, softness, fill, rim, temperature }; move(azimuth, elevation) is called while it is dragged.
function lightDial(light, move) {
  let { azimuth, elevation } = light;
  const canvas = h("canvas", { width: HEAD, height: HEAD, class: "dial-head", "aria-hidden": "true" });
  const lamp = h("span", { class: "dial-lamp", "aria-hidden": "true" });
  const dial = h("div", { class: "dial", role: "slider", tabindex: 0, "data-key": "dial", "aria-label": "Key light: drag, or use the arrow keys", "aria-valuemin": -90, "aria-valuemax": 90 }, canvas, lamp);
  const words = h("p", { class: "small muted dial-words", "aria-hidden": "true" });

  function paint() {
    const [a, e] = [(Math.PI / 180) * Math.max(-90, Math.min(90, azimuth)), (Math.PI / 180) * elevation];
    const direction = [Math.sin(a) * Math.cos(e), -Math.sin(e), Math.cos(a) * Math.cos(e)];
    paintHead(canvas, direction, { ...light, clay: [0.74, 0.66, 0.58], warmth: warmth(light.temperature) });
    lamp.style.left = `${50 + 50 * direction[0]}%`;
    lamp.style.top = `${50 + 50 * direction[1]}%`;
    words.textContent = inWords(azimuth, elevation);
    dial.setAttribute("aria-valuenow", Math.round(azimuth));
    dial.setAttribute("aria-valuetext", `Light ${words.textContent}`);
  }

  function set(a, e) {
    azimuth = Math.round(Math.max(-90, Math.min(90, a)));
    elevation = Math.round(Math.max(-45, Math.min(80, e)));
    paint();
    move(azimuth, elevation);
  }

  function point(event) {
    const box = dial.getBoundingClientRect();
    let x = (2 * (event.clientX - box.left)) / box.width - 1;
    let y = (2 * (event.clientY - box.top)) / box.height - 1;
    const reach = Math.max(1, Math.hypot(x, y));
    [x, y] = [x / reach, y / reach];
    const e = Math.asin(-y);
    set((180 / Math.PI) * Math.asin(Math.max(-1, Math.min(1, x / Math.max(0.05, Math.cos(e))))), (180 / Math.PI) * e);
  }

  dial.addEventListener("pointerdown", (event) => {
    dial.setPointerCapture(event.pointerId);
    dial.focus({ preventScroll: true });
    point(event);
  });
  dial.addEventListener("pointermove", (event) => dial.hasPointerCapture(event.pointerId) && point(event));
  dial.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 1 : 5;
    const turn = { ArrowRight: [step, 0], ArrowLeft: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }[event.key];
    if (!turn) return;
    event.preventDefault();
    set(azimuth + turn[0], elevation + turn[1]);
  });
  paint();
  return { node: h("div", { class: "dial-box" }, dial, words), repaint: paint };
}
