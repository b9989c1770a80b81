"""The promise that nothing leaves the machine, checked where no library can look away: at the system calls."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from headshot_core import assets

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "presets" / "example.jpg"
LOCAL = ('inet_addr("127.', 'inet_addr("0.0.0.0")', '"::1"', '"::"')


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_making_and_enhancing_call_no_other_machine(model_files, tmp_path):
    """All model files are here before. The watch is known to work: a program that does call out is seen."""
    assert not _calls("-m", "headshot_core", "make", EXAMPLE, "-o", tmp_path / "me.png", "--light", "loop")
    assert (tmp_path / "me.png").exists()
    assets.fetch_all(assets.UPSCALE)
    large = ("enhance", EXAMPLE, "-o", tmp_path / "large.png", "--wand", "--upscale", "2")
    assert not _calls("-m", "headshot_core", *large)
    assert (tmp_path / "large.png").exists()
    shout = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))"
    assert _calls("-c", shout)


def _calls(*arguments) -> list[str]:
    """The system calls with which a Python program addresses other machines."""
    log = subprocess.run(
        ["strace", "-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg", sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
    ).stderr
    if "ptrace" in log and "not permitted" in log:
        pytest.skip("strace may not watch programs here")
    addressed = [line for line in log.splitlines() if re.search(r"sa_family=AF_INET", line)]
    return [line for line in addressed if not any(local in line for local in LOCAL)]
