"""What all tests share: real portraits, and a watch on the network."""

from __future__ import annotations

import ipaddress
import os
import socket
from pathlib import Path

import pytest

from headshot_core import assets, cli
from headshot_core.photo import Photo, read_photo
from headshot_core.portrait import Portrait, analyse

# There is a worker for each core, and two pools of threads on one core only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

EXAMPLE = Path(__file__).parents[1] / "presets" / "example.jpg"
"""Eileen Collins, NASA, public domain, 512 x 512."""


@pytest.fixture(scope="session")
def model_files() -> None:
    """The studio's model files, fetched if this machine has none yet."""
    assets.fetch_all([*assets.STUDIO, *assets.LIKENESS])


@pytest.fixture(scope="session")
def astronaut_photo() -> Photo:
    """The example portrait as a photo."""
    return read_photo(EXAMPLE)


@pytest.fixture(scope="session")
def astronaut(model_files, astronaut_photo) -> Portrait:
    """The example portrait, analysed."""
    return analyse(astronaut_photo)


@pytest.fixture(scope="session")
def portraits() -> list[Path]:
    """Photos of real people in the folder $HEADSHOT_PORTRAITS; tests that want them are skipped where it is not set."""
    folder = os.environ.get("HEADSHOT_PORTRAITS")
    if not folder:
        pytest.skip("HEADSHOT_PORTRAITS names no folder of portraits")
    return sorted(path for path in Path(folder).iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".heic"))


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Run a command in an empty folder; gives (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = cli.main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run


# Nothing but model files is ever fetched.


@pytest.fixture(autouse=True)
def no_network(request, monkeypatch):
    """Fail a test that looks up or calls another machine, unless it is marked `network` or fetches model files."""
    if request.node.get_closest_marker("network"):
        yield
        return
    fetching: list[str] = []
    calls: list[str] = []
    fetch_missing, connect, look_up = assets._fetch_missing, socket.socket.connect, socket.getaddrinfo

    def watched_fetch(*arguments):
        fetching.append("model files")
        try:
            return fetch_missing(*arguments)
        finally:
            fetching.pop()

    def check(host) -> None:
        if not fetching and not _is_local(host):
            calls.append(str(host))
            raise ConnectionRefusedError(f"tests do not call {host}")

    def watched_connect(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            check(address[0])
        return connect(self, address)

    def watched_look_up(host, *arguments, **options):
        check(host)
        return look_up(host, *arguments, **options)

    monkeypatch.setattr(assets, "_fetch_missing", watched_fetch)
    monkeypatch.setattr(socket.socket, "connect", watched_connect)
    monkeypatch.setattr(socket, "getaddrinfo", watched_look_up)
    yield
    if calls:
        pytest.fail(f"the network was called: {', '.join(calls)}")


def _is_local(host) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost", socket.gethostname()):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
