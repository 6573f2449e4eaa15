"""Reading LaTeX as far as a report needs it: environments, braces, mathematics, columns, files, letters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

__all__ = ["faults_of"]

_COLUMN = re.compile(r"(>\{[^{}]*\})?(p\{[^{}]*\}|[lcr])")


def faults_of(text: str, folder: Path) -> list[str]:
    """Return what pdflatex would stumble over, in words; empty when nothing is found.

    Parameters
    ----------
    text : str
        A fragment.
    folder : Path
        Where its figures are.
    """
    lines = [re.sub(r"(?<!\\)%.*", "", line) for line in text.splitlines()]
    bare = "\n".join(lines)
    faults = [f"not ASCII: {letter!r}" for letter in sorted(set(bare)) if not letter.isascii()]
    faults += [*_environments(bare), *_braces(bare), *_dollars(lines), *_tables(bare)]
    faults += [f"no file {name}" for name in re.findall(r"\\includegraphics\[[^\]]*\]\{([^}]*)\}", bare)
               if not (folder / name).is_file()]  # fmt: skip
    named = re.sub(r"\\includegraphics\[[^\]]*\]\{[^}]*\}", "", bare)
    outside = re.sub(r"\$[^$]*\$", "", named.replace(r"\$", ""))
    faults += [f"{sign} outside mathematics" for sign in "_^#" if re.search(rf"(?<!\\){re.escape(sign)}", outside)]
    return faults


def _environments(text: str) -> Iterator[str]:
    open_: list[str] = []
    for what, name in re.findall(r"\\(begin|end)\{(\w+\*?)\}", text):
        if what == "begin":
            open_.append(name)
        elif not open_ or open_.pop() != name:
            yield f"\\end{{{name}}} closes nothing"
    yield from (f"\\begin{{{name}}} is not closed" for name in open_)


def _braces(text: str) -> Iterator[str]:
    depth = 0
    for sign in re.findall(r"(?<!\\)[{}]", text):
        depth += 1 if sign == "{" else -1
        if depth < 0:
            yield "} closes nothing"
            return
    if depth:
        yield f"{depth} braces are open"


def _dollars(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if len(re.findall(r"(?<!\\)\$", line)) % 2:
            yield f"mathematics is not closed: {line[:60]}"
        if re.search(r"(?<!\\)\$\$", line):
            yield f"a displayed formula inside a line: {line[:60]}"


def _tables(text: str) -> Iterator[str]:
    for _, columns, body in re.findall(
        r"\\begin\{(tabular|longtable)\}\{@\{\}(.*?)@\{\}\}\n(.*?)\\end\{\1\}", text, flags=re.DOTALL
    ):
        n = len(_COLUMN.findall(columns))
        for row in re.findall(r"^(?!\\caption)(.*)\\\\$", body, flags=re.MULTILINE):
            spans = sum(int(span) - 1 for span in re.findall(r"\\multicolumn\{(\d+)\}", row))
            found = len(re.findall(r"(?<!\\)&", row)) + 1 + spans
            if found != n:
                yield f"{found} cells in {n} columns: {row[:60]}"
