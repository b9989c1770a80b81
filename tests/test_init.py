"""The package: cheap to import, and its public names lead to the real things."""

import subprocess
import sys

import pytest

import headshot_core

HEAVY = {"cv2", "numpy", "PIL", "pydantic", "yaml", "dlib", "gradio", "pandas"}


def test_importing_the_package_brings_nothing_heavy_along():
    """Rule: under half a second. Modules are counted, not milliseconds: those depend on the machine."""
    code = "import sys, headshot_core; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not loaded & HEAVY


@pytest.mark.parametrize("name", headshot_core.__all__)
def test_each_public_name_is_there_and_is_listed(name):
    assert getattr(headshot_core, name).__doc__
    assert name in dir(headshot_core)


def test_public_names_are_the_modules_own():
    from headshot_core.photo import read_photo
    from headshot_core.studio.engine import make

    assert headshot_core.read_photo is read_photo
    assert headshot_core.make is make


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'analyze'"):
        _ = headshot_core.analyze


def test_the_example_in_the_docstring_runs(astronaut_photo, model_files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    astronaut_photo.image.save("me.jpg")
    lines = [line[4:] for line in headshot_core.__doc__.splitlines() if line.startswith("    ")]
    exec(compile("\n".join(lines), "docstring", "exec"), {})
    assert headshot_core.read_photo("headshot.png").width == 1024
