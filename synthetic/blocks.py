"""Parameters of one matrix or of several named blocks, handled alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["Blocks", "first_block", "map_blocks", "sum_of"]

Blocks = Any
"""One array (R, m, n), or a dict of blocks."""


def map_blocks(function: Callable[..., Any], *blocks: Blocks) -> Blocks:
    """Return ``function`` of one array each, or block by block."""
    if isinstance(blocks[0], Mapping):
        return {b: function(*(x[b] for x in blocks)) for b in blocks[0]}
    return function(*blocks)


def sum_of(a: Blocks, b: Blocks) -> Blocks:
    """Return ``a + b``."""
    return map_blocks(lambda x, y: x + y, a, b)


def first_block(blocks: Blocks) -> Any:
    """Return the array, or the first of the blocks."""
    return next(iter(blocks.values())) if isinstance(blocks, Mapping) else blocks
