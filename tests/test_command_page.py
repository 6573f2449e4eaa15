"""The page on the command line says of exit codes what the command does."""

from __future__ import annotations

import re
from pathlib import Path

from proofs_checks.commands import EXIT_CODES

PAGE = Path(__file__).parent.parent / "docs" / "how-to" / "use-the-command-line.md"


def test_exit_codes_are_those_of_the_command() -> None:
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert {int(code): meaning for code, meaning in rows} == EXIT_CODES
