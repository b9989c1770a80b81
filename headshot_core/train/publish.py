"""A copy of a person's model on the Hugging Face hub, when it is asked for: private always, never public.

A process of its own speaks to the hub, as for downloads (`headshot_core.generate.fetch`): the one that draws stays off
the network. Sent are the model, the same exported for other programs, and its card with the sample pictures.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from headshot_core.errors import HeadshotError
from headshot_core.generate import fetch, models
from headshot_core.progress import Report, silent
from headshot_core.train import card, exchange

TOKENS = "https://huggingface.co/settings/tokens"


def push(model: Path, repo: str, token: str | None = None, report: Report = silent) -> str:
    """Put a model into a private repository (owner/name) of the hub, made where it is missing; gives its address.

    Without a token, the one of ``hf auth login``. Raises `HeadshotError` where ``HEADSHOT_OFFLINE`` is set, where the
    hub refuses, and where the repository is public.
    """
    _check(repo)
    with tempfile.TemporaryDirectory(prefix="headshot-") as place:
        exported = exchange.export(model, Path(place) / card.exported(model.stem))
        folder = card.folder_of(model)
        pictures = sorted(folder.glob("sample-*.jpg"))
        files = [path for path in (model, exported, folder / card.README, *pictures) if path.is_file()]
        order = {"repo": repo, "token": token, "files": {path.name: str(path) for path in files}}
        return _in_own_process(order, report)


def _check(repo: str) -> None:
    if os.environ.get("HEADSHOT_OFFLINE", "0") not in ("", "0"):
        raise HeadshotError("Nothing is sent while HEADSHOT_OFFLINE is set.", "Unset it, if you want that.")
    if find_spec("huggingface_hub") is None:
        raise HeadshotError("The hub needs huggingface_hub.", "Run: pip install -r requirements.txt")
    if not re.fullmatch(models.HUB_ID, repo):
        raise HeadshotError(
            f"{repo!r} is no name of a repository.", "Give owner/name, with your name on the hub first."
        )


def _in_own_process(order: dict[str, Any], report: Report) -> str:
    """Run `main` below in a new Python; the token goes by its input, where nobody else sees it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "headshot_core.train.publish"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=fetch.environment() | {"HF_HUB_DISABLE_XET": "1"},
    )
    try:
        process.stdin.write(json.dumps(order).encode())
        process.stdin.close()
        for line in process.stdout:
            said = json.loads(line)
            if "error" in said:
                raise HeadshotError(said["error"], said["todo"])
            if "address" in said:
                return said["address"]
            report(0, 0, said["says"])
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    raise HeadshotError("The upload ended by a fault in the program.", "Try again.")


# The process of its own, seen from inside.


def send(order: dict[str, Any], tell: Report) -> str:
    """Make the repository, look that it is private, and send all files as one commit; gives its address."""
    from huggingface_hub import CommitOperationAdd, HfApi, get_token

    token, repo = order["token"] or get_token(), order["repo"]
    if not token:
        raise HeadshotError(
            "The hub wants to know who sends this: there is no access token.",
            f"Make one that may write on {TOKENS}, and give it, or run: hf auth login",
        )
    api = HfApi(token=token)
    tell(0, 0, f"Making {repo}, private")
    address = api.create_repo(repo, private=True, exist_ok=True)
    if api.model_info(repo, timeout=fetch.TIMEOUT).private is not True:
        raise HeadshotError(f"{repo} is public.", "Choose another name, or make it private on its page first.")
    size = sum(Path(path).stat().st_size for path in order["files"].values())
    tell(0, 0, f"Sending {len(order['files'])} files, {size / 1e6:.0f} MB")
    files = [CommitOperationAdd(name, path) for name, path in order["files"].items()]
    api.create_commit(repo, files, commit_message="A personal LoRA, made with Headshot Studio")
    return str(address)


def _explained(error: Exception, repo: str) -> HeadshotError:
    """What went wrong, in plain words."""
    import httpx2

    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, HeadshotError):
        return error
    if status == 401:
        return HeadshotError("The hub does not know this access token.", f"Make a new one on {TOKENS}.")
    if status == 403:
        return HeadshotError(
            f"The hub does not let you write to {repo}.", f"Use your own name, and a token that may write: {TOKENS}"
        )
    if status is not None:
        return HeadshotError(f"The hub answered {status} for {repo}.", "Try again later.")
    if isinstance(error, (httpx2.TransportError, OSError)):
        words = str(error) or type(error).__name__
        return HeadshotError(f"The hub was not reached, or the connection broke ({words}).", "Check it, and try again.")
    return HeadshotError(f"A fault in the program ({type(error).__name__}: {error}).", "Please report it.")


def main() -> None:
    """Read an order from stdin, carry it out, and say on stdout how far it is, a line of JSON each."""
    order = json.loads(sys.stdin.buffer.read())
    try:
        said = {"address": send(order, lambda step, total, says: _say({"says": says}))}
    except Exception as error:
        known = _explained(error, order["repo"])
        said = {"error": known.what, "todo": known.todo}
    _say(said)


def _say(data: dict[str, str]) -> None:
    fetch.write_line(sys.stdout.buffer, data)


if __name__ == "__main__":
    main()
