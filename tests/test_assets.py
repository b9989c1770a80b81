"""Model files: fetched from a local server and from wheels made here; no network."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from headshot_core import assets
from headshot_core.assets import ASSETS, Asset, Url, Wheel
from headshot_core.errors import Cancelled, HeadshotError
from headshot_core.progress import CancelToken

DATA = bytes(range(256)) * 4000  # 1 MB
SHA = hashlib.sha256(DATA).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves DATA at every path; ``faults`` is a list of ways to fail, one taken by each request."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.faults: list[str] = []
        self.ranges: list[str | None] = []
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def url(self, sha256: str = SHA) -> Url:
        return Url(f"http://127.0.0.1:{self.server_port}/toy.bin", sha256)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        fault = self.server.faults.pop(0) if self.server.faults else ""
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        if fault == "missing":
            return self.send_error(404)
        body = b"<html>captive portal</html>" if fault == "portal" else DATA
        start = int(asked[len("bytes=") : -1]) if asked and fault != "no resume" else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        self.wfile.write(body[start : start + 300_000] if fault == "drop" else body[start:])
        return None

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = Server()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HEADSHOT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HEADSHOT_OFFLINE", raising=False)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


@pytest.fixture
def register(monkeypatch):
    """Register a toy asset with these sources."""

    def add(*sources, name="toy"):
        asset = Asset(name, f"{name}.bin", "a test", "CC0-1.0", len(DATA), sources)
        monkeypatch.setitem(ASSETS, name, asset)
        return asset

    return add


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A registry in a folder, holding the wheel ``toy-carrier==1.0`` with two members."""
    registry = tmp_path / "registry"
    registry.mkdir()
    with zipfile.ZipFile(registry / "toy_carrier-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("toy/one.bin", DATA)
        archive.writestr("toy/two.bin", DATA)
        info = "toy_carrier-1.0.dist-info"
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: toy-carrier\nVersion: 1.0\nRequires-Python: <3\n"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(registry))
    return lambda member="toy/one.bin", requirement="toy-carrier==1.0": Wheel(requirement, member, SHA, 2 * len(DATA))


def models(home):
    """The names in the models folder, but for the lock."""
    return sorted(path.name for path in (home / "models").iterdir() if path.name != ".lock")


REFUSED = Url("http://127.0.0.1:9/toy.bin", SHA)  # the discard port: nothing listens


# The table.


def test_the_table_is_sound():
    """Every asset has a wheel as a second way, pins of 64 hex digits, and no two write the same file."""
    assert len({asset.file for asset in ASSETS.values()}) == len(ASSETS)
    for name, asset in ASSETS.items():
        assert name == asset.name
        assert any(isinstance(source, Wheel) and "==" in source.requirement for source in asset.sources)
        assert all(len(bytes.fromhex(source.sha256)) == 32 for source in asset.sources)
    assert set(assets.STUDIO + assets.LIKENESS + assets.UPSCALE + assets.CRISP) <= set(ASSETS)


def test_an_unknown_name_lists_the_known_ones():
    """A typing error is answered with the names there are."""
    with pytest.raises(HeadshotError, match="face_landmarker"):
        assets.path("face_landmarks")


# From an address.


def test_download_reports_progress_and_asks_once(server, register, home):
    """The file arrives whole, progress grows to its size, and the second call asks nobody."""
    register(server.url())
    steps = []
    place = assets.path("toy", lambda step, total, message: steps.append((step, total, message)))
    assert place.read_bytes() == DATA
    assert steps[0][2] == "toy.bin: 1.0 MB, licence CC0-1.0"
    downloaded = [step for step, _, message in steps if message.startswith("Downloading")]
    assert downloaded == sorted(downloaded)
    assert downloaded[-1] == len(DATA)
    assert assets.path("toy") == place
    assert len(server.ranges) == 1
    assert models(home) == ["toy.bin"]


def test_a_dropped_connection_is_taken_up_again(server, register):
    """A connection that breaks twice costs only the missing bytes."""
    register(server.url())
    server.faults = ["drop", "drop"]
    assert assets.path("toy").read_bytes() == DATA
    assert server.ranges == [None, "bytes=300000-", "bytes=600000-"]


def test_a_part_of_an_earlier_run_is_resumed(server, register, home):
    """A `.part` left by a stopped run is continued, not thrown away."""
    register(server.url())
    (home / "models").mkdir(parents=True)
    (home / "models" / f"toy.bin.{SHA[:12]}.part").write_bytes(DATA[:1000])
    assert assets.path("toy").read_bytes() == DATA
    assert server.ranges == ["bytes=1000-"]
    assert models(home) == ["toy.bin"]


@pytest.mark.parametrize(("stale", "fault"), [(b"x" * 1000, ""), (DATA[:1000], "no resume"), (DATA, "")])
def test_any_part_ends_in_the_right_file(server, register, home, stale, fault):
    """A bad beginning, a server that cannot resume, a part that is complete already: the result is right."""
    register(server.url())
    server.faults = [fault]
    (home / "models").mkdir(parents=True)
    (home / "models" / f"toy.bin.{SHA[:12]}.part").write_bytes(stale)
    assert assets.path("toy").read_bytes() == DATA
    assert models(home) == ["toy.bin"]


def test_a_wrong_file_is_never_used(server, register, home):
    """A captive portal's page is refused by its sha256, and nothing stays behind."""
    register(server.url())
    server.faults = ["portal"] * 9
    with pytest.raises(HeadshotError, match="sha256 differs"):
        assets.path("toy")
    assert models(home) == []


def test_the_next_source_is_tried(server, register):
    """A source that answers 404 or is refused is passed over."""
    register(server.url("0" * 64), REFUSED, server.url())
    server.faults = ["missing"]
    assert assets.path("toy").read_bytes() == DATA


def test_all_sources_failing_names_each_and_what_to_do(server, register, home, wheel):
    """One error tells of every source, why it failed, and where the file can be put by hand."""
    register(REFUSED, server.url(), wheel(requirement="toy-carrier==9.9"))
    server.faults = ["missing"]
    with pytest.raises(HeadshotError) as caught:
        assets.path("toy")
    for part in (REFUSED.address, "refused", server.url().address, "404", "toy-carrier==9.9", "No matching"):
        assert part in caught.value.what
    assert str(home / "models" / "toy.bin") in caught.value.todo
    assert models(home) == []


def test_a_silent_host_is_given_up_and_not_asked_twice(register, monkeypatch):
    """A network that swallows packets costs TIMEOUT once per host, not once per file."""
    import socket

    monkeypatch.setattr(assets, "TIMEOUT", 0.3)
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as mute:  # accepts by the kernel, never answers
        address = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        connect = assets.urllib.request.urlopen
        monkeypatch.setattr(assets.urllib.request, "urlopen", lambda *a, **k: (asked.append(1), connect(*a, **k))[1])
        register(Url(address + "a", SHA), Url(address + "b", SHA))
        with pytest.raises(HeadshotError, match=r"not reached .*; .*not reached"):
            assets.path("toy")
    assert len(asked) == 1


def test_cancel_stops_and_a_later_try_resumes(server, register, home):
    """Cancelling leaves no model file, only a part that the next try uses."""
    register(server.url())
    token = CancelToken()

    def report(step, total, message):
        if step > 100_000 and message.startswith("Downloading"):
            token.cancel()

    with pytest.raises(Cancelled):
        assets.path("toy", report, token)
    assert models(home) == [f"toy.bin.{SHA[:12]}.part"]
    assert assets.path("toy").read_bytes() == DATA
    assert server.ranges[1].startswith("bytes=")


# From a wheel.


def test_two_files_of_one_wheel_cost_one_download(register, wheel, home, monkeypatch):
    """pip runs once for both members, whatever Python the wheel is for, and the wheel is deleted."""
    register(wheel("toy/one.bin"), name="one")
    register(wheel("toy/two.bin"), name="two")
    runs = []
    download = assets._pip_download
    monkeypatch.setattr(assets, "_pip_download", lambda *args: (runs.append(1), download(*args)))
    paths = assets.fetch_all(["one", "two"])
    assert [path.read_bytes() == DATA for path in paths] == [True, True]
    assert len(runs) == 1
    assert models(home) == ["one.bin", "two.bin"]


def test_a_wheel_without_the_member_is_told(register, wheel):
    """A wheel that lacks the file is a failed source like any other."""
    register(wheel("toy/three.bin"))
    with pytest.raises(HeadshotError, match="does not hold the file"):
        assets.path("toy")


def test_python_without_pip_is_told(register, wheel, monkeypatch):
    """Without pip the error says how to get it."""
    register(wheel())
    monkeypatch.setattr(assets.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(HeadshotError, match="ensurepip"):
        assets.path("toy")


# The cache.


def test_a_damaged_file_is_found_and_fetched_anew(server, register, home):
    """One flipped byte is noticed by `verify` and by `path`, even after the file was good in this process."""
    asset = register(server.url())
    place = assets.path("toy")
    place.write_bytes(b"\0" + DATA[1:] + b"\0")
    assert (asset, "damaged", place) in assets.verify()
    assert assets.path("toy").read_bytes() == DATA
    assert (asset, "ok", place) in assets.verify()


def test_status_tells_missing_from_present(server, register):
    """`status` fetches nothing."""
    asset = register(server.url())
    assert (asset, False, assets.location(asset)) in assets.status()
    assets.path("toy")
    assert (asset, True, assets.location(asset)) in assets.status()
    assert len(server.ranges) == 1


def test_offline_asks_nobody(server, register, monkeypatch, home):
    """HEADSHOT_OFFLINE=1 uses what is there and refuses the rest, naming the files and the folder."""
    register(server.url())
    monkeypatch.setenv("HEADSHOT_OFFLINE", "1")
    with pytest.raises(HeadshotError, match=r"toy\.bin") as caught:
        assets.path("toy")
    assert str(home / "models") in caught.value.todo
    assert server.ranges == []
    (home / "models").mkdir(parents=True)
    (home / "models" / "toy.bin").write_bytes(DATA)
    assert assets.path("toy").read_bytes() == DATA


def test_a_full_disk_is_told_before_the_download(server, register, monkeypatch):
    """No byte is asked for when the disk has no room for it."""
    register(server.url())
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 1_000_000})())
    with pytest.raises(HeadshotError, match="MB left"):
        assets.path("toy")
    assert server.ranges == []


def test_a_disk_that_fills_up_leaves_no_model_file(server, register, monkeypatch, home):
    """No space half-way is a clear error, not a broken model."""
    register(server.url())
    monkeypatch.setattr(assets.os, "fsync", lambda number: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(HeadshotError, match="disk is full"):
        assets.path("toy")
    assert "toy.bin" not in models(home)


def test_a_home_that_cannot_be_made_is_told(register, monkeypatch, tmp_path):
    """A HEADSHOT_HOME below a file is a clear error."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HEADSHOT_HOME", str(tmp_path / "file" / "home"))
    register(REFUSED)
    with pytest.raises(HeadshotError, match="Check the path"):
        assets.path("toy")


def test_processes_at_once_download_once(server, register, home):
    """Three processes that want the file at the same time get it from one download."""
    asset = register(server.url())
    code = (
        "from headshot_core import assets\n"
        f"sources = (assets.Url({asset.sources[0].address!r}, {SHA!r}),)\n"
        f"assets.ASSETS['toy'] = assets.Asset('toy', 'toy.bin', '', '', {len(DATA)}, sources)\n"
        "assert assets.path('toy').stat().st_size == 1_024_000\n"
    )
    children = [subprocess.Popen([sys.executable, "-c", code], env=os.environ) for _ in range(3)]
    assert [child.wait(timeout=60) for child in children] == [0, 0, 0]
    assert len(server.ranges) == 1
    assert models(home) == ["toy.bin"]


def test_a_new_pin_replaces_the_old_file(server, register, home):
    """When the pinned sha256 changes, an old cached file no longer counts."""
    asset = register(server.url())
    (home / "models").mkdir(parents=True)
    assets.location(asset).write_bytes(b"an older edition")
    assert not {a.name: good for a, good, _ in assets.status()}["toy"]
    assert assets.path("toy").read_bytes() == DATA
