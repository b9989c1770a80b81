"""The push to the hub: to a server on this machine that speaks the hub's API, by huggingface_hub itself; no network."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image

from headshot_core.errors import HeadshotError
from headshot_core.train import card, finish, publish

REPO, TOKEN = "ada/portrait", "hf_secret"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(ThreadingHTTPServer):
    """A hub; ``visibility`` is that of repositories already there, ``status`` what it answers to everything."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.visibility: str | None = None
        self.status = 0
        self.asked: list[tuple[str, str]] = []
        self.headers_seen: list[dict[str, str]] = []
        self.made: list[dict] = []
        self.files: dict[str, bytes] = {}
        self.large: dict[str, bytes] = {}
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """As huggingface.co answers to who makes a repository, asks of it, and commits; large files go to LFS."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self._note()
        hub = self.server
        self._answer(
            hub.status or 200, {"id": REPO, "private": hub.visibility == "private", "sha": COMMIT, "siblings": []}
        )

    def do_POST(self):
        hub, body = self.server, self._note()
        if hub.status:
            return self._answer(hub.status, {"error": "no"})
        if self.path == "/api/repos/create":
            hub.made.append(json.loads(body))
            there, hub.visibility = hub.visibility, hub.visibility or hub.made[-1]["visibility"]
            return self._answer(409 if there else 200, {"url": f"{hub.address}/{REPO}"})
        if "/preupload/" in self.path:
            names = [file["path"] for file in json.loads(body)["files"]]
            modes = {True: "lfs", False: "regular"}
            files = [
                {"path": name, "uploadMode": modes["safetensors" in name], "shouldIgnore": False} for name in names
            ]
            return self._answer(200, {"files": files})
        if self.path.endswith("/objects/batch"):
            objects = json.loads(body)["objects"]
            found = [
                {
                    "oid": one["oid"],
                    "size": one["size"],
                    "actions": {"upload": {"href": f"{hub.address}/lfs/{one['oid']}"}},
                }
                for one in objects
            ]
            return self._answer(200, {"transfer": "basic", "objects": found})
        if "/commit/" in self.path:
            for line in body.splitlines():
                entry = json.loads(line)
                if entry["key"] == "file":
                    hub.files[entry["value"]["path"]] = base64.b64decode(entry["value"]["content"])
                if entry["key"] == "lfsFile":
                    hub.files[entry["value"]["path"]] = hub.large[entry["value"]["oid"]]
            return self._answer(200, {"commitUrl": f"{hub.address}/{REPO}/commit/{COMMIT}", "commitOid": COMMIT})
        return self._answer(200, {"errors": [], "warnings": []})  # whether the card's front matter is in order

    def do_PUT(self):
        self.server.large[self.path.rpartition("/")[2]] = self._note()
        self._answer(200, {})

    def _note(self) -> bytes:
        self.server.asked.append((self.command, self.path))
        self.server.headers_seen.append({key.lower(): value for key, value in self.headers.items()})
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            data = b""
            while size := int(self.rfile.readline(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return data
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, status, data):
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def hub(monkeypatch, tmp_path):
    hub = Hub()
    monkeypatch.setenv("HF_ENDPOINT", hub.address)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")  # as the process that draws has it
    for name in ("HEADSHOT_OFFLINE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield hub
    hub.shutdown()
    hub.server_close()


@pytest.fixture
def model(tmp_path):
    """A model with card and sample, beside files that nobody asked to send."""
    layer = "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k"
    weights = {
        f"{layer}.lora_A.weight": np.ones((2, 768), np.float32),
        f"{layer}.lora_B.weight": np.ones((8, 2), np.float32),
    }
    facts = {"trigger": "ohwx", "family": "sd15", "licence": "MIT"}
    path = tmp_path / "models" / "portrait.safetensors"
    finish.store(path, weights, facts)
    Image.new("RGB", (16, 16)).save(tmp_path / "sample.png")
    card.write(path, facts, samples=[tmp_path / "sample.png"])
    for other in (path.with_name("other.safetensors"), card.folder_of(path) / "notes.txt"):
        other.write_bytes(b"private")
    return path


def test_a_model_goes_to_a_private_repository_and_nothing_else_does(hub, model):
    """The hub is asked for a private one; sent are model, exported model, card and samples, byte for byte."""
    told = []
    address = publish.push(model, REPO, TOKEN, lambda step, total, says: told.append(says))
    assert address == f"{hub.address}/{REPO}"
    assert [(made["organization"], made["name"], made["visibility"]) for made in hub.made] == [
        ("ada", "portrait", "private")
    ]
    assert set(hub.files) == {"portrait.safetensors", "portrait-comfyui.safetensors", "README.md", "sample-1.jpg"}
    assert hub.files["portrait.safetensors"] == model.read_bytes()
    assert hub.files["README.md"] == (card.folder_of(model) / card.README).read_bytes()
    assert len(hub.large) == 2
    assert "private" in told[0]
    for headers in hub.headers_seen:
        assert headers.get("authorization", f"Bearer {TOKEN}") == f"Bearer {TOKEN}"
        assert headers["user-agent"].split("/")[0] in ("unknown", "headshot-studio", "python-httpx2")
        assert "torch" not in headers["user-agent"]


def test_a_private_repository_is_used_again_and_a_public_one_never(hub, model):
    """One that is there and public gets nothing, not even the names of files."""
    hub.visibility = "private"
    publish.push(model, REPO, TOKEN)
    assert len(hub.files) == 4
    hub.visibility, hub.files = "public", {}
    hub.asked.clear()
    with pytest.raises(HeadshotError, match="ada/portrait is public"):
        publish.push(model, REPO, TOKEN)
    assert hub.files == {}
    assert {path for _, path in hub.asked} == {"/api/repos/create", f"/api/models/{REPO}"}


@pytest.mark.parametrize(
    ("status", "words"), [(401, "does not know"), (403, "does not let you"), (500, "answered 500")]
)
def test_a_refusal_is_explained(hub, model, status, words):
    """A wrong token, somebody else's name, a hub in trouble: in words, without the token."""
    hub.status = status
    with pytest.raises(HeadshotError, match=words) as caught:
        publish.push(model, REPO, TOKEN)
    assert caught.value.todo
    assert TOKEN not in str(caught.value)


def test_without_token_or_network_it_is_told(hub, model, monkeypatch):
    with pytest.raises(HeadshotError, match="no access token"):
        publish.push(model, REPO)
    assert hub.asked == []
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # the discard port: nothing listens
    with pytest.raises(HeadshotError, match="not reached"):
        publish.push(model, REPO, TOKEN)


def test_offline_and_names_that_are_none_are_refused_at_once(hub, model, monkeypatch):
    for name in ("portrait", "../etc", "ada/por trait", ""):
        with pytest.raises(HeadshotError, match="no name of a repository"):
            publish.push(model, name, TOKEN)
    monkeypatch.setenv("HEADSHOT_OFFLINE", "1")
    with pytest.raises(HeadshotError, match="HEADSHOT_OFFLINE"):
        publish.push(model, REPO, TOKEN)
    assert hub.asked == []
