"""The libraries behind the diffusion engine are imported late, quietly, and stay off the network."""

from __future__ import annotations

import subprocess
import sys

import pytest

from headshot_core.errors import HeadshotError
from headshot_core.generate import library


def python(code: str) -> subprocess.CompletedProcess:
    """Run code in a fresh interpreter."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_the_core_and_the_engine_import_without_torch():
    code = (
        "import sys, headshot_core\n"
        "from headshot_core.generate import call, device, library, models, pipelines\n"
        "from headshot_core.generate.families import family\n"
        "family('sd15'), family('sdxl')\n"
        "print([name for name in ('torch', 'diffusers', 'transformers', 'peft', 'compel') if name in sys.modules])"
    )
    assert python(code).stdout.strip() == "[]"


def test_all_libraries_start_beside_each_other_and_say_nothing():
    code = (
        "from headshot_core.generate import library\n"
        "for name in ('diffusers', 'transformers', 'peft', 'compel', 'controlnet_aux'):\n"
        "    assert getattr(library, name)().__name__ == name\n"
        "from transformers import CLIPImageProcessor, CLIPTextModel\n"
        "from diffusers import StableDiffusionPipeline\n"
        "import huggingface_hub\n"
        "print(huggingface_hub.constants.HF_HUB_OFFLINE)"
    )
    done = python(code)
    assert (done.stdout.strip(), done.stderr) == ("True", "")


def test_controlnet_aux_leaves_mediapipe_as_it_was(monkeypatch):
    hidden = object()
    monkeypatch.setitem(sys.modules, "mediapipe", hidden)
    monkeypatch.delitem(sys.modules, "controlnet_aux", raising=False)
    library.controlnet_aux()
    assert sys.modules["mediapipe"] is hidden


def test_a_missing_library_is_named_with_the_way_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "compel", None)
    monkeypatch.setattr(library, "find_spec", lambda name: None if name == "peft" else object())
    assert library.missing() == ("peft",)
    with pytest.raises(HeadshotError, match="compel") as caught:
        library._import("compel")
    assert "pip install" in caught.value.todo
