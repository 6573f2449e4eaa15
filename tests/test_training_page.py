"""The page on training: its code runs as it stands, and learns."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "how-to" / "train-with-it.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)

pytestmark = pytest.mark.peers


def run(block: str) -> dict[str, object]:
    names: dict[str, object] = {}
    exec(compile(block, str(PAGE), "exec"), names)
    return names


def test_there_is_a_block_for_each_library() -> None:
    assert [library in block for library, block in zip(("import torch", "import optax"), BLOCKS, strict=True)] == [
        True
    ] * 2


@pytest.mark.slow
def test_the_digits_are_learnt_with_torch(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    names = run(BLOCKS[0])
    # nearest neighbours and support vectors reach 97 to 99 per cent on these images, a guess one in ten
    assert names["accuracy"] > 0.95  # type: ignore[operator]
    assert "skipped: []" in capsys.readouterr().out


@pytest.mark.slow
def test_the_linear_map_is_found_with_optax(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("optax", reason="optax is not installed")
    names = run(BLOCKS[1])
    assert float(names["value"]) < 1e-3  # type: ignore[arg-type]
    assert "loss" in capsys.readouterr().out
