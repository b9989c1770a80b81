"""How fast the studio is, stage by stage, and what it costs in memory.

    python -m benchmarks.studio [PHOTO…] [--json] [--megapixels N] [--baseline [PYTHON]]

Photos of fewer than 12 megapixels are enlarged to that, as a phone's selfie has; `--megapixels 0` takes them as they
are. Everything is warm: one headshot is made before the clock starts. Presets, seeds and lights differ from run to run,
so that no cache hides work. `--baseline` runs, on the same photos, what a user would script instead
(`benchmarks.baseline`), with this or another Python that has the packages of benchmarks/requirements.txt.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from headshot_core import assets, presets
from headshot_core.face.landmarks import find_faces
from headshot_core.photo import encode_picture, read_photo
from headshot_core.portrait import Portrait, analyse
from headshot_core.pyramid import Pyramid
from headshot_core.recipe import Backdrop, Frame, Light, Recipe
from headshot_core.studio.backdrops import BACKDROPS
from headshot_core.studio.engine import make
from headshot_core.studio.frame import framed

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "presets" / "example.jpg"
FRAME = Frame(name="portrait", width=1024, height=1280)
PREVIEW = Frame(name="portrait", width=480, height=600)
FRAMED = ("pixels", "alpha", "foreground", "linear", "skin", "grain", "stops", "shading")
"""What is computed once a frame, whatever the light and the backdrop."""
PATTERNS = ("loop", "rembrandt", "butterfly", "short", "rim")

ONE_HEADSHOT = """
import sys
from benchmarks import peak_mb
from headshot_core import analyse, make, presets, read_photo
headshot = make(analyse(read_photo(sys.argv[1])), presets.get("boardroom").recipe())
headshot.save(sys.argv[2])
print(peak_mb())
"""
IMPORT = "import time; start = time.perf_counter(); import headshot_core; print(time.perf_counter() - start)"


def main() -> None:
    """Measure, and print tables or JSON."""
    given = _arguments()
    assets.fetch_all([*assets.STUDIO, *assets.LIKENESS, "u2netp"])
    with tempfile.TemporaryDirectory() as folder:
        photos = [_enlarged(photo, given.megapixels, Path(folder)) for photo in given.photos or [EXAMPLE]]
        result = {
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
            "photos": len(photos),
            "stages": _stages(photos, given.runs),
            "preview": _previews(photos[0]),
            "memory_mb": _python(ONE_HEADSHOT, photos[0], Path(folder) / "headshot.png"),
            "import_seconds": min(_python(IMPORT) for _ in range(5)),
            "start": _start(),
        }
        if given.baseline:
            result["baseline"] = _baseline(given.baseline, photos, Path(folder))
    print(json.dumps(result, indent=2) if given.json else _tables(result))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", nargs="*", type=Path, help="the example where empty")
    parser.add_argument("--runs", type=int, default=12, help="headshots timed, over all photos (%(default)s)")
    parser.add_argument(
        "--megapixels", type=float, default=12, help="smaller photos are enlarged to this (%(default)s)"
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--baseline", nargs="?", const=sys.executable, metavar="PYTHON", help="compare with rembg")
    return parser.parse_args()


def _enlarged(photo: Path, megapixels: float, folder: Path) -> Path:
    """The photo as a JPEG of at least so many megapixels."""
    image = read_photo(photo).image
    scale = (megapixels * 1e6 / (image.width * image.height)) ** 0.5
    if scale > 1:
        print(f"{photo.name}: {image.width} × {image.height} enlarged to {megapixels:g} megapixels", file=sys.stderr)
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
    target = folder / f"{photo.stem}.jpg"
    image.save(target, quality=90)
    return target


def _spread(seconds: list[float]) -> dict[str, float]:
    return {"p50": float(np.percentile(seconds, 50)), "p95": float(np.percentile(seconds, 95)), "runs": len(seconds)}


# From file to file, stage by stage.


def _stages(photos: list[Path], runs: int) -> dict[str, dict[str, float]]:
    """Seconds of each stage and of all together; photos and one preset of each category take turns."""
    looks = [shelf[0] for shelf in presets.categories().values()]
    _headshot(photos[0], looks[0].recipe())
    times: dict[str, list[float]] = defaultdict(list)
    for run in range(runs):
        recipe = looks[run % len(looks)].recipe().model_copy(update={"seed": run + 1, "frame": FRAME})
        clock = _headshot(photos[run % len(photos)], recipe)
        for name, seconds in clock.items():
            times[name].append(seconds)
        times["total"].append(sum(clock.values()))
    return {name: _spread(seconds) for name, seconds in times.items()}


def _headshot(photo: Path, recipe: Recipe) -> dict[str, float]:
    """Seconds of each stage of one headshot; from framing to finishing by what `make` itself reports."""
    clock: dict[str, float] = {}

    @contextmanager
    def stage(name: str):
        start = time.perf_counter()
        yield
        clock[name] = time.perf_counter() - start

    with stage("read"):
        picture = read_photo(photo)
    with stage("faces"):
        pyramid = Pyramid(np.asarray(picture.image))
        portrait = Portrait(picture, pyramid, tuple(find_faces(pyramid)))
    with stage("cut-out"):
        _ = portrait.contacts
    with stage("frame, clean colours"):
        shot = framed(portrait, recipe.frame, inside=False)  # as the engine asks, so that its cache has it
        for name in FRAMED:
            getattr(shot, name)
    marks: list[tuple[str, float]] = []
    headshot = make(portrait, recipe, lambda step, total, message: marks.append((message, time.perf_counter())))
    for (name, start), (_, end) in pairwise(marks):
        clock[name.lower()] = end - start
    with stage("encode"):
        encode_picture(headshot.picture, "png", recipe=recipe)
    return clock


# Live preview on an analysed photo.


def _previews(photo: Path) -> dict[str, dict[str, float]]:
    """Seconds from a changed setting to the small picture, each time a setting not seen before."""
    portrait = analyse(read_photo(photo))
    make(portrait, Recipe(frame=PREVIEW, light=Light(pattern="loop")))
    changes = {"backdrop": _backdrop_changes(), "light": _light_changes()}
    return {name: _spread([_timed(portrait, recipe) for recipe in recipes]) for name, recipes in changes.items()}


def _timed(portrait: Portrait, recipe: Recipe) -> float:
    start = time.perf_counter()
    make(portrait, recipe)
    return time.perf_counter() - start


def _backdrop_changes() -> Iterator[Recipe]:
    kinds = [name for name, kind in BACKDROPS.items() if not kind.own and name != "image"]
    for seed, kind in enumerate(kinds, 1):
        yield Recipe(frame=PREVIEW, backdrop=Backdrop(kind=kind), light=Light(pattern="loop"), seed=seed)


def _light_changes() -> Iterator[Recipe]:
    for pattern in PATTERNS:
        for azimuth in (-61, -23, 17, 59):
            yield Recipe(frame=PREVIEW, light=Light(pattern=pattern, azimuth=azimuth))


# In processes of their own.


def _python(code: str, *arguments: Path) -> float:
    """The number that a fresh Python prints."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return float(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


def _start() -> dict[str, float]:
    """Seconds from starting app.py to its first answer, and to the first thing painted where there is a browser."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start = time.perf_counter()
    app = subprocess.Popen(
        [sys.executable, "app.py", "--no-browser", "--port", str(port)], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    try:
        _wait(f"http://127.0.0.1:{port}")
        answer = time.perf_counter() - start
        paint = _first_paint(f"http://127.0.0.1:{port}")
    finally:
        app.terminate()
        app.wait(20)
    return {"answer": answer} | ({"first paint": answer + paint} if paint else {})


def _wait(address: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("app.py did not answer.")


def _first_paint(address: str) -> float | None:
    """Seconds from asking for the page to its first contentful paint, by the browser's own clock."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium, args=options)
        page = browser.new_page()
        page.goto(address)
        page.wait_for_selector("gradio-app h1, gradio-app button")
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        browser.close()
    return paint / 1000


def _baseline(python: str, photos: list[Path], folder: Path) -> dict[str, Any]:
    """Time and memory of `benchmarks.baseline` on the same photos."""
    environment = os.environ | {"U2NET_HOME": str(assets.path("u2netp").parent)}
    runs = max(1, round(4 / len(photos)))
    command = [python, "-m", "benchmarks.baseline", str(runs), str(folder), *map(str, photos)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"The baseline did not run: {done.stderr.strip().splitlines()[-1]}")
    result = json.loads(done.stdout.splitlines()[-1])
    return {"seconds": _spread(result["seconds"]), "memory_mb": result["peak_mb"]}


# Tables.


def _tables(result: dict[str, Any]) -> str:
    lines = [result["machine"], "", f"{'seconds, warm':<26}{'p50':>8}{'p95':>8}{'runs':>6}"]
    rows = dict(result["stages"])
    rows |= {f"preview, new {name}": spread for name, spread in result["preview"].items()}
    baseline = result.get("baseline")
    if baseline:
        rows["rembg script"] = baseline["seconds"]
    lines += [f"{name:<26}{row['p50']:8.3f}{row['p95']:8.3f}{row['runs']:6}" for name, row in rows.items()]
    lines += ["", f"{'peak memory':<26}{result['memory_mb']:8.0f} MB"]
    if baseline:
        lines += [f"{'peak memory, rembg script':<26}{baseline['memory_mb']:8.0f} MB"]
    lines += [f"{'import headshot_core':<26}{result['import_seconds']:8.3f} s"]
    lines += [f"{'app start to ' + name:<26}{seconds:8.2f} s" for name, seconds in result["start"].items()]
    if baseline:
        faster = baseline["seconds"]["p50"] / result["stages"]["total"]["p50"]
        lighter = baseline["memory_mb"] / result["memory_mb"]
        lines += ["", f"{faster:.1f} times as fast as the rembg script, with 1/{lighter:.1f} of its memory"]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
