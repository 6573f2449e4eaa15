"""What doctest collection leaves out, modules whose optional package is not installed, and garbage collection."""

from __future__ import annotations

import gc
from collections.abc import Generator

import pytest

from tests.optional import NEEDED, is_importable

collect_ignore = [f"{name.replace('.', '/')}.py" for name in NEEDED if not is_importable(name)]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector from what collection makes: a million objects, all of which live until the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Give each file to one worker as a whole, so that no two prepare what its tests share; ``--dist`` is obeyed."""
    if config.getvalue("dist") != "load":
        return None
    from xdist.scheduler import LoadFileScheduling

    return LoadFileScheduling(config, log)
