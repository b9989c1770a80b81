"""The libraries behind the diffusion engine: imported when first asked for, made ready, quiet and off the network.

All of the project's torch, diffusers, transformers, peft, compel and controlnet_aux comes through here, inside
functions: importing `headshot_core` must not import any of them.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
import warnings
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from headshot_core.errors import HeadshotError

NEEDED = ("torch", "diffusers", "transformers", "peft", "accelerate", "safetensors")
"""What the diffusion engine cannot do without."""
QUIET = {
    "HF_HUB_OFFLINE": "1",  # models are fetched only when asked for, by headshot_core.generate.fetch
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "DIFFUSERS_VERBOSITY": "critical",  # errors are told by whoever catches them
    "TRANSFORMERS_VERBOSITY": "critical",
    "TOKENIZERS_PARALLELISM": "false",
}
_lock = threading.RLock()
_kept: list[Any] = []  # what torch must not lose


def missing() -> tuple[str, ...]:
    """The names of needed libraries that are not installed; imports nothing."""
    return tuple(name for name in NEEDED if find_spec(name) is None)


def torch() -> ModuleType:
    """torch, ready for everything that is imported after it."""
    with _lock:
        os.environ.update(QUIET)
        return sys.modules.get("torch") or _import("torch")


def diffusers() -> ModuleType:
    """diffusers, without its bars of progress, nor those of transformers, which it loads text encoders by."""
    transformers()
    module = _after_torch("diffusers")
    module.utils.logging.disable_progress_bar()
    return module


def transformers() -> ModuleType:
    """transformers, without its bars of progress."""
    module = _after_torch("transformers")
    module.utils.logging.disable_progress_bar()
    return module


def peft() -> ModuleType:
    """peft, which diffusers loads LoRAs by."""
    return _after_torch("peft")


def accelerate() -> ModuleType:
    """accelerate, by which several processes train together."""
    return _after_torch("accelerate")


def compel() -> ModuleType:
    """compel: weighted and long prompts for CLIP."""
    return _after_torch("compel")


def controlnet_aux() -> ModuleType:
    """controlnet_aux, which cannot be imported beside mediapipe 1.x: that is hidden meanwhile."""
    with _lock:
        if "controlnet_aux" in sys.modules:
            return sys.modules["controlnet_aux"]
        hidden = sys.modules.get("mediapipe")
        sys.modules["mediapipe"] = None
        try:
            return _after_torch("controlnet_aux")
        finally:
            del sys.modules["mediapipe"]
            if hidden is not None:
                sys.modules["mediapipe"] = hidden


def _after_torch(name: str) -> ModuleType:
    with _lock:
        if name not in sys.modules:
            _ready_torchvision(torch())
        return sys.modules.get(name) or _import(name)


def _import(name: str) -> ModuleType:
    try:
        with warnings.catch_warnings():  # what these libraries say to their own developers
            warnings.simplefilter("ignore")
            return importlib.import_module(name)
    except ImportError as error:
        raise HeadshotError(
            f"The diffusion engine needs {name}, which is not installed or does not start ({error}).",
            "Install it with: pip install -r requirements.txt",
        ) from error


def _ready_torchvision(torch: ModuleType) -> None:
    """Let a torchvision built for CUDA be imported beside a torch for CPUs.

    It registers shapes for two operators of a file that it could not load, which raises, and with it the imports of all
    that use it; with the operators' schemas declared it does not. Detection's nms stays missing; nothing here uses it.
    """
    if _kept or torch.version.cuda or torch.version.hip or find_spec("torchvision") is None:
        return
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        library = torch.library.Library("torchvision", "FRAGMENT")
        for operator in ("nms", "qnms"):
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _kept.append(library)
