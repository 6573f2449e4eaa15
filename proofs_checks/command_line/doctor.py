"""The command ``schattor doctor``: its options. What it does is in :mod:`proofs_checks.doctor`."""

from __future__ import annotations

from .json_option import Json

__all__ = ["doctor"]


def doctor(as_json: Json = False) -> None:
    """Say what this installation consists of: versions, BLAS, threads, GPU, extras."""
    from ..doctor import doctor as examine_and_print

    examine_and_print(as_json=as_json)
