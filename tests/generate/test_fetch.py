"""Fetching: from a server on this machine that speaks the hub's API, by huggingface_hub itself; no network."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

import pytest

from headshot_core.errors import Cancelled, HeadshotError
from headshot_core.generate import fetch, models
from headshot_core.generate.models import BASES, EXTRAS
from headshot_core.progress import CancelToken

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = 1000
"""Bytes from which on the hub keeps a file's sha256 instead of git's hash."""
COMPONENTS = {
    "_class_name": "StableDiffusionPipeline",
    "scheduler": ["diffusers", "PNDMScheduler"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
    "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
    "requires_safety_checker": True,
}


def tensors(size: int, shape: tuple[int, ...] = ()) -> bytes:
    """A .safetensors file with one tensor of that many bytes."""
    header = {"weight": {"dtype": "F16", "shape": shape or [size // 2], "data_offsets": [0, size]}}
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(index % 251 for index in range(size))


WEIGHTS = tensors(3_000_000)
SD15 = {
    "model_index.json": json.dumps(COMPONENTS).encode(),
    "LICENSE.md": b"terms",
    "README.md": b"not wanted",
    "v1-5-pruned.ckpt": b"not wanted",
    "scheduler/scheduler_config.json": b"{}",
    "tokenizer/vocab.json": b"{}",
    "tokenizer/merges.txt": b"#",
    "text_encoder/config.json": b"{}",
    "text_encoder/model.safetensors": tensors(2000),
    "text_encoder/model.fp16.safetensors": tensors(1000),
    "unet/config.json": b'{"cross_attention_dim": 768}',
    "unet/diffusion_pytorch_model.bin": b"not wanted",
    "unet/diffusion_pytorch_model.fp16.safetensors": WEIGHTS,
    "unet/diffusion_pytorch_model.safetensors": tensors(4000),
    "vae/config.json": b"{}",
    "vae/diffusion_pytorch_model.fp16.safetensors": tensors(1200),
    "safety_checker/model.fp16.safetensors": tensors(1000),
}
UNET = "unet/diffusion_pytorch_model.fp16.safetensors"


class Hub(ThreadingHTTPServer):
    """A hub with repositories; ``faults`` are ways to fail, one taken by each request of a large file."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.repos: dict[str, dict[str, bytes]] = {}
        self.faults: list[str] = []
        self.refusal: tuple[int, str] | None = None
        self.asked: list[tuple[str, str | None]] = []
        self.headers_seen: list[dict[str, str]] = []
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def files(self) -> list[str]:
        """Paths of the files asked for."""
        return [path for path, _ in self.asked]


class Handler(BaseHTTPRequestHandler):
    """As huggingface.co answers: /api/models/ID, /ID/resolve/COMMIT/PATH, and large files from another address."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        hub, path = self.server, unquote(urlsplit(self.path).path)
        hub.headers_seen.append({key.lower(): value for key, value in self.headers.items()})
        if path.startswith("/api/models/"):
            return self._describe(path.removeprefix("/api/models/"))
        if path.startswith("/cdn/"):
            return self._send_large(path.removeprefix("/cdn/"))
        name, _, rest = path[1:].partition("/resolve/")
        file = rest.partition("/")[2]
        if hub.refusal:
            return self._refuse(*hub.refusal)
        if len(hub.repos[name][file]) >= LARGE:
            return self._answer(302, b"", {"Location": f"{hub.address}/cdn/{name}/{file}"})
        hub.asked.append((file, None))
        return self._answer(200, hub.repos[name][file])

    def _describe(self, name):
        if name not in self.server.repos:
            return self._refuse(404, "RepoNotFound")
        siblings = [
            {"rfilename": path, "size": len(data), "blobId": git_hash(data)}
            | ({"lfs": {"sha256": sha256(data), "size": len(data), "pointerSize": 134}} if len(data) >= LARGE else {})
            for path, data in self.server.repos[name].items()
        ]
        return self._answer(200, json.dumps({"id": name, "sha": COMMIT, "siblings": siblings}).encode())

    def _send_large(self, path):
        owner, name, file = path.split("/", 2)
        data, wanted = self.server.repos[f"{owner}/{name}"][file], self.headers.get("Range")
        fault = self.server.faults.pop(0) if self.server.faults else ""
        self.server.asked.append((file, wanted))
        start = int(wanted[len("bytes=") : -1]) if wanted and fault != "no resume" else 0
        if fault == "wrong":
            data = bytes(len(data))
        extra = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if start else {}
        if fault == "busy":
            return self._refuse(503, "")
        self.send_response(206 if start else 200)
        for key, value in ({"Content-Length": str(len(data) - start)} | extra).items():
            self.send_header(key, value)
        self.end_headers()
        if fault == "drop":
            self.wfile.write(data[start : start + 1_000_000])
            self.close_connection = True
        elif fault == "stall":
            self.wfile.write(data[start : start + 1_000_000])
            time.sleep(5)
            self.close_connection = True
        else:
            self.wfile.write(data[start:])
        return None

    def _refuse(self, status, code):
        self._answer(status, b"{}", {"X-Error-Code": code, "X-Error-Message": code} if code else {})

    def _answer(self, status, body, headers=None):
        self.send_response(status)
        for key, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def handle(self):
        with contextlib.suppress(ConnectionError):  # who asked has ended
            super().handle()

    def log_message(self, *_):
        pass


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def git_hash(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@pytest.fixture
def hub(monkeypatch):
    hub = Hub()
    hub.repos[BASES["sd15"].source] = dict(SD15)
    hub.repos[EXTRAS["sd15_lcm"].source] = {"README.md": b"", "pytorch_lora_weights.safetensors": tensors(1500)}
    monkeypatch.setenv("HF_ENDPOINT", hub.address)
    yield hub
    hub.shutdown()
    hub.server_close()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HEADSHOT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")  # as the process that draws has it
    for name in ("HEADSHOT_OFFLINE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


def lying(item) -> set[str]:
    """The files in its folder."""
    place = models.location(item)
    return {file.relative_to(place).as_posix() for file in place.rglob("*") if file.is_file()}


def part() -> str:
    return f"{UNET}.{sha256(WEIGHTS)[:12]}.part"


def put(item, path: str, data: bytes) -> None:
    file = models.location(item) / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)


def test_a_base_comes_whole_and_nothing_else(hub):
    """Half precision once, no .bin, no .ckpt, no safety checker; verified; and the second call asks nobody."""
    base, steps = BASES["sd15"], []
    assert not models.installed(base)
    place = fetch.fetch(base, lambda *step: steps.append(step))
    assert lying(base) == {
        "model_index.json",
        "LICENSE.md",
        "scheduler/scheduler_config.json",
        "tokenizer/vocab.json",
        "tokenizer/merges.txt",
        "text_encoder/config.json",
        "text_encoder/model.fp16.safetensors",
        "unet/config.json",
        UNET,
        "vae/config.json",
        "vae/diffusion_pytorch_model.fp16.safetensors",
    }
    assert all((place / name).read_bytes() == SD15[name] for name in lying(base))
    assert models.installed(base)
    assert models.variant_here(base) == "fp16"
    assert hub.files()[-1] == "model_index.json"
    assert "CreativeML OpenRAIL-M" in steps[0][2]
    asked = len(hub.headers_seen)
    fetch.fetch(base)
    assert len(hub.headers_seen) == asked


def test_a_few_step_base_brings_its_adapter_into_the_shared_folder(hub):
    """SD 1.5 that is here already is not fetched again, only the adapter is."""
    fetch.fetch(BASES["sd15"])
    assert fetch.size_of(BASES["sd15_fast"]) == EXTRAS["sd15_lcm"].download_bytes
    hub.asked.clear()
    assert not models.installed(BASES["sd15_fast"])
    fetch.fetch(BASES["sd15_fast"])
    assert hub.files() == ["pytorch_lora_weights.safetensors"]
    assert models.installed(BASES["sd15_fast"])
    fetch.remove(BASES["sd15_fast"])
    assert models.installed(BASES["sd15"])
    assert not models.installed(BASES["sd15_fast"])
    assert fetch.remove(BASES["sd15"]) > len(WEIGHTS)
    assert not models.location(BASES["sd15"]).exists()


@pytest.fixture
def bring(hub, monkeypatch):
    """Fetching without a process of its own, which takes a second to start: all that it does, done here."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", hub.address)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.address + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)

    def bring(item, tell=lambda *_: None):
        order = {"source": item.source, "folder": str(models.location(item)), "by_hand": ""}
        try:
            fetch.bring(item.source, item.files, models.location(item), tell)
        except Exception as error:
            raise fetch._explained(error, order) from error

    return bring


def test_progress_is_told_in_bytes(hub, bring):
    """Bytes grow to the sum of what was missing, whatever is already there is not counted."""
    base, told = BASES["sd15"], []
    put(base, "unet/config.json", SD15["unet/config.json"])
    bring(base, lambda *step: told.append(step))
    done = [step for step, total, _ in told if total]
    assert done == sorted(done)
    assert done[-1] == told[-1][1] == sum(len(SD15[name]) for name in lying(base) - {"unet/config.json"})
    assert "unet/config.json" not in hub.files()


# When something goes wrong.


def test_a_broken_connection_is_taken_up_again(hub, bring, monkeypatch):
    """Two breaks cost only the missing bytes."""
    monkeypatch.setattr(fetch.time, "sleep", lambda seconds: None)
    hub.faults = ["drop", "drop"]
    bring(BASES["sd15"])
    ranges = [wanted for name, wanted in hub.asked if name == UNET]
    assert ranges == [None, "bytes=1000000-", "bytes=2000000-"]
    assert models.installed(BASES["sd15"])


@pytest.mark.parametrize(("stale", "fault"), [(b"x" * 5000, ""), (WEIGHTS[:5000], "no resume"), (WEIGHTS + b"x", "")])
def test_any_part_ends_in_the_right_file(hub, bring, stale, fault):
    """A bad beginning, a server that cannot resume, a part that is too long: the result is right."""
    put(BASES["sd15"], part(), stale)
    hub.faults = [fault]
    bring(BASES["sd15"])
    assert (models.location(BASES["sd15"]) / UNET).read_bytes() == WEIGHTS
    assert part() not in lying(BASES["sd15"])


def test_a_wrong_file_is_never_used(hub, bring):
    """What does not have the hub's hash is refused and removed; the base is not taken for installed."""
    hub.faults = ["wrong"] * 9
    with pytest.raises(HeadshotError, match="hash differs"):
        bring(BASES["sd15"])
    assert not {UNET, part()} & lying(BASES["sd15"])
    assert not models.installed(BASES["sd15"])


def test_a_busy_hub_is_asked_again(hub, bring, monkeypatch):
    """503 is waited out."""
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)
    hub.faults = ["busy"]
    bring(BASES["sd15"])
    assert models.installed(BASES["sd15"])


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        ((403, "GatedRepo"), "accept their terms"),
        ((401, ""), "private|refused"),
        ((404, "EntryNotFound"), "no longer there"),
        ((418, ""), "answered 418"),
    ],
)
def test_a_refusal_is_explained(hub, bring, refusal, words):
    """Gated, not logged in, gone, and anything else: each in words, with what to do."""
    hub.refusal = refusal
    with pytest.raises(HeadshotError, match=words) as caught:
        bring(BASES["sd15"])
    assert caught.value.todo


def test_an_unknown_repository_is_told(hub, bring):
    with pytest.raises(HeadshotError, match="no model nobody/nothing"):
        bring(models.find("nobody/nothing"))


def test_a_full_disk_is_told_before_the_download(hub, bring, monkeypatch):
    """No file is asked for when the disk has no room for all."""
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 51_000_000})())
    with pytest.raises(HeadshotError, match="MB left"):
        bring(BASES["sd15"])
    assert hub.asked == []


def test_a_disk_that_fills_up_is_told(hub, bring, monkeypatch):
    """No space half-way is a clear error, and what arrived is kept for the next try."""
    monkeypatch.setattr(fetch.os, "fsync", lambda number: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(HeadshotError, match="disk is full"):
        bring(BASES["sd15"])
    assert not models.installed(BASES["sd15"])


def test_a_path_that_leads_outside_is_left_out(hub, bring, home):
    """A repository cannot write outside its folder."""
    hub.repos[BASES["sd15"].source]["tokenizer/../../../evil.json"] = b"{}"
    bring(BASES["sd15"])
    assert not list(home.rglob("evil.json"))


def test_no_network_is_told_with_a_way_by_hand(home, monkeypatch):
    """The address, the reason and the command that brings the files from elsewhere."""
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # the discard port: nothing listens
    with pytest.raises(HeadshotError, match="not reached") as caught:
        fetch.fetch(EXTRAS["sd15_pose"])
    assert "hf download lllyasviel/control_v11p_sd15_openpose" in caught.value.todo


def test_offline_asks_nobody(hub, monkeypatch):
    """HEADSHOT_OFFLINE=1 refuses, and says how the files can be brought by hand."""
    monkeypatch.setenv("HEADSHOT_OFFLINE", "1")
    with pytest.raises(HeadshotError, match="HEADSHOT_OFFLINE") as caught:
        fetch.fetch(BASES["sd15"])
    assert f"--local-dir {models.location(BASES['sd15'])}" in caught.value.todo
    assert hub.headers_seen == []
    for name, data in SD15.items():  # the same folder, brought by hand, with more in it than is needed
        put(BASES["sd15"], name, data)
    assert fetch.fetch(BASES["sd15"]) == models.location(BASES["sd15"])


# Cancelling, and several at once.


def test_cancel_is_quick_and_a_later_try_resumes(hub):
    """A hub that says nothing more does not hold up cancelling; the next try asks for the rest alone."""
    hub.faults = ["stall"]
    token, noticed = CancelToken(), []

    def report(step, total, message):
        if UNET in message and not noticed:
            noticed.append(time.monotonic())
            token.cancel()

    with pytest.raises(Cancelled):
        fetch.fetch(BASES["sd15"], report, token)
    assert time.monotonic() - noticed[0] < fetch.TIMEOUT / 2, "it waited for the hub"
    assert part() in lying(BASES["sd15"])
    assert not models.installed(BASES["sd15"])
    fetch.fetch(BASES["sd15"])
    assert models.installed(BASES["sd15"])
    assert hub.asked[1][1].startswith("bytes=")


def test_processes_at_once_download_once(hub):
    """Two programs that want the same extra: one fetches, the other waits and finds it there."""
    code = "from headshot_core.generate import fetch, models; fetch.fetch(models.EXTRAS['sd15_lcm'])"
    children = [subprocess.Popen([sys.executable, "-c", code], env=os.environ) for _ in range(2)]
    assert [child.wait(timeout=60) for child in children] == [0, 0]
    assert hub.files() == ["pytorch_lora_weights.safetensors"]
    assert lying(EXTRAS["sd15_lcm"]) == {"pytorch_lora_weights.safetensors"}


def test_the_hub_is_told_no_more_than_it_must(hub):
    """No token where there is none, and only programs' names: nothing of the person, their machine or their use."""
    fetch.fetch(EXTRAS["sd15_lcm"])
    for headers in hub.headers_seen:
        assert "authorization" not in headers
        assert "cookie" not in headers
        assert headers["user-agent"].split("/")[0] in ("unknown", "headshot-studio")
        assert "torch" not in headers["user-agent"]


# A repository that the user names.

OWN = {name: data for name, data in SD15.items() if name != "README.md"} | {"unet/other.safetensors": tensors(1000)}


def test_a_named_repository_brings_what_is_needed(hub, bring):
    """Each part's weights once, in half precision where there is one, without parts that are never loaded."""
    hub.repos["someone/portraits"] = OWN
    base = models.find("someone/portraits")
    assert base.family == ""
    bring(base)
    assert lying(base) == set(OWN) - {
        "v1-5-pruned.ckpt",
        "text_encoder/model.safetensors",
        "unet/diffusion_pytorch_model.bin",
        "unet/diffusion_pytorch_model.safetensors",
        "unet/other.safetensors",
        "safety_checker/model.fp16.safetensors",
    }
    found = models.find("someone/portraits")
    assert (found.family, found.commercial) == ("sd15", False)
    assert models.installed(found)
    assert [here.name for here in models.here() if not here.demo] == ["someone/portraits"]
    fetch.remove(found)
    assert all(here.demo for here in models.here())


@pytest.mark.parametrize(
    ("index", "words"),
    [(b'{"_class_name": "FluxPipeline"}', "FluxPipeline cannot be used"), (None, "no model_index.json")],
)
def test_what_cannot_be_used_is_not_fetched(hub, bring, index, words):
    """The family is read before gigabytes are fetched."""
    hub.repos["someone/other"] = {"unet/diffusion_pytorch_model.safetensors": WEIGHTS}
    if index:
        hub.repos["someone/other"]["model_index.json"] = index
    with pytest.raises(HeadshotError, match=words):
        bring(models.find("someone/other"))
    assert WEIGHTS not in [hub.repos["someone/other"][name] for name in hub.files() if name != "model_index.json"]


# Removing.


def test_shared_files_stay_while_another_needs_them():
    """The two face adapters share the image encoder; pose and depth of Z-Image are one file under two names."""
    for name in ("sd15_face", "sdxl_face", "z_image_pose"):
        for path in EXTRAS[name].files:
            put(EXTRAS[name], path, tensors(100) if path.endswith("safetensors") else b"{}")
    fetch.remove(EXTRAS["sd15_face"])
    assert not models.installed(EXTRAS["sd15_face"])
    assert models.installed(EXTRAS["sdxl_face"])
    fetch.remove(EXTRAS["sdxl_face"])
    assert not models.location(EXTRAS["sdxl_face"]).exists()
    assert models.installed(EXTRAS["z_image_depth"])
    assert fetch.remove(EXTRAS["z_image_depth"]) == len(tensors(100))
    assert not models.location(EXTRAS["z_image_pose"]).exists()


def test_a_users_own_folder_is_not_removed(tmp_path):
    for name, data in SD15.items():
        (tmp_path / "mine" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mine" / name).write_bytes(data)
    base = models.find(str(tmp_path / "mine"))
    assert fetch.fetch(base) == tmp_path / "mine"
    with pytest.raises(HeadshotError, match="your own"):
        fetch.remove(base)
    assert models.installed(base)


def test_the_demo_is_neither_fetched_nor_removed(tmp_path):
    """It comes with the project; where its files are gone, that is to be installed again."""
    gone = replace(models.BASES["micro"], source=str(tmp_path))
    assert "comes with this project" in fetch.terms(gone)
    assert fetch.size_of(gone) == 0
    with pytest.raises(HeadshotError, match="not whole") as caught:
        fetch.fetch(gone)
    assert "install that again" in caught.value.todo
    for item in (gone, *gone.extras):
        with pytest.raises(HeadshotError, match="comes with this project and stays"):
            fetch.remove(item)
