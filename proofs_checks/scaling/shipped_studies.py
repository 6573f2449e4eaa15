"""The study files that come with the distribution: inside the wheel, or at the root of a checkout."""

from __future__ import annotations

from pathlib import Path

from schattor_theory.checks import fail, nearest_name
from schattor_theory.errors import UnknownNameError

__all__ = ["shipped_folder", "shipped_studies", "study_path"]


def shipped_folder() -> Path:
    """Return the folder of the shipped study files."""
    here = Path(__file__).resolve().parent
    inside = here / "shipped"  # where the wheel puts them
    return inside if inside.is_dir() else here.parents[1] / "studies"


def shipped_studies() -> dict[str, Path]:
    """Return the shipped study files by name."""
    return {path.stem: path for path in sorted(shipped_folder().glob("*.toml"))}


def study_path(name: str) -> Path:
    """Return the shipped study file called ``name``.

    Raises
    ------
    UnknownNameError
        If there is none; the message gives the nearest name.
    """
    found = shipped_studies()
    stem = name.removesuffix(".toml")
    if stem not in found:
        near = nearest_name(stem, found)
        hint = f"Did you mean {near!r}?" if near else f"Shipped: {', '.join(found)}."
        fail(UnknownNameError, "study", "name", "be a shipped study", name, hint)
    return found[stem]
