"""Anchors of statements: those written as HTML become targets, and each statement of the theory leads to its checks."""

from __future__ import annotations

import re
from typing import Any

WRITTEN = re.compile(r'^<a id="([\w-]+)"></a>$', re.MULTILINE)


def with_targets(text: str) -> str:
    """Return a page whose HTML anchors are targets that a link may name."""
    return WRITTEN.sub(r"(\1)=", text)


def _read(app: Any, docname: str, source: list[str]) -> None:
    source[0] = with_targets(source[0])


def setup(app: Any) -> dict[str, bool]:
    """Register the events."""
    app.connect("source-read", _read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
