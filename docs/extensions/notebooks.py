"""The tutorials as notebooks, from the sources of their pages: ``python docs/extensions/notebooks.py FOLDER``.

The same sources give the same bytes. Links between pages lead to the page in the checkout; cells are not run.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import nbformat
from myst_nb.core.read import read_myst_markdown_notebook

TUTORIALS = Path(__file__).parent.parent / "tutorials"
HEADER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)


def sources() -> list[Path]:
    """Return the pages that have a kernel."""
    return [path for path in sorted(TUTORIALS.glob("*.md")) if HEADER.match(path.read_text(encoding="utf-8"))]


def notebook_of(text: str) -> str:
    """Return the notebook of a page as JSON, the same for the same page."""
    notebook = read_myst_markdown_notebook(text)
    notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"], "language_info": {"name": "python"}}
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"  # a new cell has a random one
    nbformat.validate(notebook)
    return str(nbformat.writes(notebook)) + "\n"


def write(folder: Path) -> list[Path]:
    """Write every tutorial as a notebook; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for source in sources():
        path = folder / f"{source.stem}.ipynb"
        path.write_text(notebook_of(source.read_text(encoding="utf-8")), encoding="utf-8")
        written.append(path)
    return written


def _finished(app: Any, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        write(Path(app.outdir) / "tutorials")


def _read(app: Any, docname: str, source: list[str]) -> None:
    if Path(app.env.doc2path(docname)) in sources():
        name = Path(docname).name
        link = f'*This page as a notebook: <a href="{name}.ipynb" download>{name}.ipynb</a>*\n'
        source[0] = re.sub(r"^(# .*\n)", lambda match: f"{match[1]}\n{link}", source[0], count=1, flags=re.MULTILINE)


def setup(app: Any) -> dict[str, bool]:
    """Register the events: a link at the top of each tutorial, and the notebooks beside the pages."""
    app.connect("source-read", _read)
    app.connect("build-finished", _finished)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    for one in write(Path(sys.argv[1])):
        print(one)
