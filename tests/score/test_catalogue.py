"""The tables in the docs are today's truth, and the docs' Python runs."""

from __future__ import annotations

import re
import shutil

from headshot_core.presets import EXAMPLE
from headshot_core.score import catalogue
from headshot_core.score.engine import PROFILES


def test_the_tables_in_the_docs_are_todays(model_files):
    docs = catalogue.DOCS.read_text(encoding="utf-8")
    tables = catalogue.tables()
    assert set(tables) == set(PROFILES)
    for table in tables.values():
        assert table in docs, "run: python -m headshot_core.score.catalogue"


def test_the_python_in_the_docs_runs(model_files, tmp_path, monkeypatch, capsys):
    shutil.copy(EXAMPLE, tmp_path / "me.jpg")
    monkeypatch.chdir(tmp_path)
    for example in re.findall(r"```python\n(.*?)```", catalogue.DOCS.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(example, "docs/score.md", "exec"), {})
    assert "->" in capsys.readouterr().out
