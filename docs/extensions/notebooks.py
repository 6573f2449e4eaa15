"""The tutorials as notebooks, from the sources of their pages: ``python docs/extensions/notebooks.py FOLDER``.

The same sources give the same bytes. Links between pages lead to the page in the checkout; cells are not run.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import yaml

TUTORIALS = Path(__file__).parent.parent / "tutorials"
HEADER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(?::tags: \[(.*?)\]\n)?(.*?)^```$", re.DOTALL | re.MULTILINE)
"""A code cell, and its tags."""


def sources() -> list[Path]:
    """Return the pages that have a kernel."""
    return [path for path in sorted(TUTORIALS.glob("*.md")) if HEADER.match(path.read_text(encoding="utf-8"))]


def cells_of(text: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the cells of a page: "code" or "markdown", the text, and the tags."""
    body, end = text[HEADER.match(text).end() :], 0  # type: ignore[union-attr]
    for match in CELL.finditer(body):
        yield "markdown", body[end : match.start()].strip(), []
        tags = [tag.strip() for tag in (match[1] or "").split(",") if tag.strip()]
        yield "code", match[2].strip("\n"), tags
        end = match.end()
    yield "markdown", body[end:].strip(), []


def notebook_of(text: str) -> str:
    """Return the notebook of a page as JSON, the same for the same page."""
    notebook = nbformat.v4.new_notebook()
    header = yaml.safe_load(HEADER.match(text)[1])  # type: ignore[index]
    notebook.metadata = {"kernelspec": header["kernelspec"], "language_info": {"name": "python"}}
    make = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    found = [(kind, words, tags) for kind, words, tags in cells_of(text) if words]
    for number, (kind, words, tags) in enumerate(found):
        cell = make[kind](words, id=f"cell-{number}")
        if tags:
            cell.metadata["tags"] = tags
        notebook.cells.append(cell)
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
