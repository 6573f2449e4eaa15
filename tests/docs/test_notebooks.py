"""The notebooks: made from the pages, cell by cell, and the same bytes each time."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, TUTORIALS, extension


@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_a_notebook_has_the_cells_of_its_page_in_order(page: Path) -> None:
    notebooks = extension("notebooks", "nbformat", "myst_nb")
    text = page.read_text(encoding="utf-8")
    made = notebooks.notebook_of(text)
    assert made == notebooks.notebook_of(text)
    cells = json.loads(made)["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert len(code) == len(re.findall(r"^```\{code-cell\}", text, flags=re.MULTILINE)) > 4
    assert not any(line.startswith(("```", ":tags:")) for cell in code for line in cell.splitlines())
    words = "".join("".join(cell["source"]) for cell in cells)
    for line in re.sub(r"^(```.*|:tags:.*)$", "", text.split("---\n", 2)[2], flags=re.MULTILINE).split("\n"):
        assert line.strip() in words


def test_every_tutorial_is_a_notebook_and_the_command_writes_all(tmp_path: Path) -> None:
    notebooks = extension("notebooks", "nbformat", "myst_nb")
    assert notebooks.sources() == TUTORIALS
    command = [sys.executable, "docs/extensions/notebooks.py", str(tmp_path / "notebooks")]
    subprocess.run(command, cwd=ROOT, check=True, timeout=60, capture_output=True)
    written = sorted((tmp_path / "notebooks").iterdir())
    assert [path.name for path in written] == [f"{page.stem}.ipynb" for page in TUTORIALS]
    for path, page in zip(written, TUTORIALS, strict=True):
        assert path.read_text(encoding="utf-8") == notebooks.notebook_of(page.read_text(encoding="utf-8"))


def test_a_changed_page_is_another_notebook() -> None:
    notebooks = extension("notebooks", "nbformat", "myst_nb")
    text = TUTORIALS[0].read_text(encoding="utf-8")
    changed = text.replace("import numpy", "import numpy  # changed", 1)
    assert changed != text
    assert notebooks.notebook_of(changed) != notebooks.notebook_of(text)
