"""Certificates: what a prover found, written so that :mod:`.checker` can check it again."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from flint import arb

from ..files import write_file
from .balls import exact_fraction, lower
from .boxes import Box

__all__ = ["FOLDER", "UNIT_BITS", "certificate_path", "content_of", "encode_boxes", "units", "write_certificate"]

FOLDER = Path(__file__).parent / "certificates"
"""The certificates that come with the toolkit."""

UNIT_BITS = 40
"""Bounds are whole multiples of 2^-40."""


def units(bound: arb) -> int:
    """Return the lower end in whole units, rounded down, with room for the rounding of another program."""
    return math.floor(exact_fraction(lower(bound)) * 2**UNIT_BITS - Fraction(1, 1024))


def encode_boxes(pieces: Iterable[tuple[Box, arb]], whole: Box) -> list[list[int]]:
    """Return each piece as ``[i, a, j, b, bound]``: ``[i, i+1]/2^a`` and ``[j, j+1]/2^b`` of the sides."""
    rows = []
    for piece, bound in pieces:
        row: list[int] = []
        for (low, high), (first, last) in zip(piece, whole, strict=True):
            depth = int((last - first) / (high - low)).bit_length() - 1
            row += [int((low - first) / (last - first) * 2**depth), depth]
        rows.append([*row, units(bound)])
    return rows


def content_of(claim: Mapping[str, Any], proof: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a certificate."""
    from .checker import SCHEMA, digest

    return {"schema": SCHEMA, "claim": dict(claim), "proof": dict(proof), "sha256": digest(claim, proof)}


def certificate_path(name: str, folder: Path = FOLDER) -> Path:
    """Return where the certificate of a claim is stored."""
    return folder / f"{name}.json.gz"


def write_certificate(content: Mapping[str, Any], folder: Path = FOLDER) -> Path:
    """Write a certificate to ``folder`` and return its path; the same content gives the same bytes."""
    path = certificate_path(content["claim"]["name"], folder)
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    write_file(path, gzip.compress(text.encode(), mtime=0), "write_certificate")
    return path
