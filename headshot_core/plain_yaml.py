"""YAML as people write it by hand, for presets and styles."""

from __future__ import annotations

from typing import ClassVar

import yaml


class PlainLoader(yaml.SafeLoader):
    """YAML without aliases: nobody needs one there, and they can hide a great deal in a small file."""

    what: ClassVar[str]
    """the word for such a file, in errors"""

    def compose_node(self, parent, index):
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.error.MarkedYAMLError(problem=f"a {self.what} has no aliases (*name)", problem_mark=mark)
        return super().compose_node(parent, index)
