"""Every block of Python on every page runs, page by page and in order; what does not run says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import ROOT, Block, blocks_of, written_pages

GIVEN = {
    "docs/how-to/check-assumptions.md": """
        import numpy as np
        rng = np.random.default_rng(0)
        gradients, full_gradient = rng.standard_normal((8, 3, 2)), rng.standard_normal((3, 2))
    """,
    "docs/how-to/check-your-optimizer.md": """
        import schattor_theory as st
        def my_polar_factor(matrix):
            return st.duality_map(matrix, "inf")
        def my_newton_schulz(matrix):
            return st.duality_map(matrix, "inf", method="muon")
        class MyOptimizer:
            def __init__(self, step_size, momentum):
                self.optimizer, self.state = st.Schattor("inf", step_size=step_size, momentum=momentum), None
            def step(self, x, gradient):
                state = self.optimizer.init(x) if self.state is None else self.state
                x, self.state = self.optimizer.step(x, gradient, state)
                return x
    """,
    "docs/how-to/record-an-optimizer.md": """
        import numpy as np
        gradients, parameters = np.zeros((3, 2, 2)), np.zeros((3, 2, 2))
    """,
    "docs/how-to/replay-a-witness.md": """
        from pathlib import Path
        folder = Path("witnesses")
        folder.mkdir()
    """,
    "docs/reference-vectors.md": """
        import io, contextlib
        from typer.testing import CliRunner
        from proofs_checks.cli import app
        assert CliRunner().invoke(app, ["vectors", "--out", "vectors"]).exit_code == 0
    """,
}
"""What a page supposes its reader to have, by its path."""

RUN_ELSEWHERE = {
    "docs/how-to/train-with-it.md": "tests/test_training_page.py",
    "docs/how-to/run-on-a-cluster.md": "tests/test_cluster_recipe.py",
}
"""Pages with tests of their own, which look at what comes out as well."""

SLOW = {
    "docs/how-to/cross-check-an-optimizer.md", "docs/how-to/probe-a-bound.md", "docs/how-to/replay-a-witness.md",
    "docs/reference-vectors.md",
}  # fmt: skip


def python_blocks(page: Path) -> list[Block]:
    return [block for block in blocks_of(page.read_text(encoding="utf-8")) if block.language == "python"]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


PAGES = [
    pytest.param(page, id=name_of(page), marks=[pytest.mark.slow] if name_of(page) in SLOW else [])
    for page in written_pages()
    if any(block.not_run is None for block in python_blocks(page)) and name_of(page) not in RUN_ELSEWHERE
]


@pytest.mark.parametrize("page", PAGES)
def test_the_code_of_a_page_runs_in_order(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "a_page"}
    exec(dedented(GIVEN.get(name_of(page), "")), names)
    for block in python_blocks(page):
        if block.not_run is None:
            exec(compile(block.text, name_of(page), "exec"), names)
    tests = [item for name, item in names.items() if name.startswith("test_")]
    if tests:  # a page on tests shows functions: they run as a test runner runs them
        from proofs_checks.vectors import reference_vectors

        for test in tests:
            test(reference_vectors())


def dedented(text: str) -> str:
    lines = text.splitlines()
    return "\n".join(line.removeprefix(" " * 8) for line in lines)


def test_there_are_blocks_to_run_and_each_that_does_not_says_why() -> None:
    every = [(name_of(page), block) for page in written_pages() for block in python_blocks(page)]
    assert len(every) > 20
    for name, block in every:
        if block.not_run is not None:
            assert len(block.not_run) > 20, name
    given = {name for name, _ in every}
    assert set(GIVEN) | SLOW | set(RUN_ELSEWHERE) <= given


@pytest.mark.parametrize("page", RUN_ELSEWHERE)
def test_a_page_that_is_run_elsewhere_is_named_there(page: str) -> None:
    assert Path(page).name in (ROOT / RUN_ELSEWHERE[page]).read_text(encoding="utf-8")


def test_a_block_that_fails_is_noticed(tmp_path: Path) -> None:
    page = ROOT / "docs" / "index.md"
    (block,) = blocks_of("text\n\n```python\nraise ValueError('planted')\n```\n")
    with pytest.raises(ValueError, match="planted"):
        exec(compile(block.text, str(page), "exec"), {})


def test_reasons_stand_before_their_own_block_only() -> None:
    found = blocks_of("<!-- not run: it would need a cluster -->\n\n```python\na\n```\n\n```python\nb\n```\n")
    assert [block.not_run for block in found] == ["it would need a cluster", None]
