"""The settings in words: flags, ranges, and docs that are today's truth and run."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import tiny_run
import trained

from headshot_core.train import catalogue, settings
from headshot_core.train.runs import Run


def test_the_tables_in_the_docs_are_todays():
    docs = catalogue.DOCS.read_text(encoding="utf-8")
    for table in catalogue.tables().values():
        assert table in docs, "run: python -m headshot_core.train.catalogue"


@pytest.mark.parametrize(
    ("field", "flag", "limits"),
    [
        ("rank", "--rank", "1 to 256"),
        ("rate", "--rate", "above 0 to 10"),
        ("layers", "--layers", "one of attention, all"),
        ("choice", "--choice", ""),
        ("seed", "--seed", ""),
        ("text_rate", "--text-rate", "above 0 to 10"),
        ("captions", "--caption", ""),
    ],
)
def test_a_setting_has_its_flag_and_its_range(field, flag, limits):
    assert (catalogue.flag(field), catalogue.limits(catalogue.settings()[field])) == (flag, limits)


def test_switches_are_told_from_the_rest():
    known = catalogue.settings()
    switches = {field for field in known if catalogue.is_switch(known[field])}
    assert switches == {"rescue", "backgrounds", "text_encoder", "checkpointing"}


def test_the_python_in_the_docs_runs(model_files, monkeypatch, capsys):
    tiny_run.install("sdxl")
    trained.person("Ada", photos=3)
    smaller = replace(settings.DEFAULTS["sdxl"], resolution=128)
    monkeypatch.setitem(settings.DEFAULTS, "sdxl", smaller)
    started = []
    monkeypatch.setattr(Run, "start", lambda self: started.append(self.name))
    examples = re.findall(r"```python\n(.*?)```", catalogue.DOCS.read_text(encoding="utf-8"), re.DOTALL)
    for example in examples:
        exec(compile(example, "docs/train.md", "exec"), {})
    assert len(examples) == 2
    assert started == ["sdxl-2"]
    assert "Not started yet." in capsys.readouterr().out
