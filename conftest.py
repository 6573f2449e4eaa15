"""What doctest collection leaves out: modules whose optional package is not installed."""

from __future__ import annotations

from tests.optional import NEEDED, is_importable

collect_ignore = [f"{name.replace('.', '/')}.py" for name in NEEDED if not is_importable(name)]
