"""Reading a certificate, and handing it to what checks its claim."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schattor_theory.checks import fail
from schattor_theory.errors import SchattorError, StoreError

from . import polynomials, scalar
from .refusal import CALL, refuse

__all__ = ["SCHEMA", "Checked", "check_certificate", "check_content", "digest", "read_content"]

SCHEMA = 1

Check = Callable[[Mapping[str, Any], Mapping[str, Any]], int]

_CLAIMS: dict[str, tuple[str, Check]] = {
    "von-bahr-esseen": (scalar.TEXT, scalar.check),
    "polar-ranges": (polynomials.TEXT, polynomials.check),
}
"""The claims by name: the words they must have, and what checks the proof and returns the number of pieces."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What an accepted certificate proves.

    Attributes
    ----------
    name, text : str
        The claim.
    pieces : int
        How many boxes, or other pieces, were checked.
    sha256 : str
        Digest of claim and proof.
    """

    name: str
    text: str
    pieces: int
    sha256: str


def digest(claim: object, proof: object) -> str:
    """Return the digest of a claim and its proof."""
    text = json.dumps([claim, proof], sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def read_content(path: Path) -> dict[str, Any]:
    """Return what the file holds.

    Raises
    ------
    StoreError
        If it cannot be read, is cut short, or is no certificate of this schema.
    """
    way_out = "Make it again with python -m proofs_checks.rigorous."
    try:
        content = json.loads(gzip.decompress(Path(path).read_bytes()))
    except (EOFError, zlib.error, gzip.BadGzipFile, ValueError, RecursionError) as error:
        fail(StoreError, CALL, "path", "be a whole gzip file of JSON", str(path), f"{error}. {way_out}")
    except OSError as error:
        fail(StoreError, CALL, "path", "be a file that can be read", str(path), f"{error.strerror}. {way_out}")
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        fail(StoreError, CALL, "path", f"be a certificate of schema {SCHEMA}", str(path), way_out)
    return content


def check_certificate(path: Path) -> Checked:
    """Return what the certificate proves.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    StoreError
        If the file cannot be read as a certificate.
    CertificateError
        If it does not prove its claim; the message names the piece.
    """
    return check_content(read_content(path))


def check_content(content: Mapping[str, Any]) -> Checked:
    """Return what the certificate with this content proves; see :func:`check_certificate`."""
    try:
        claim, proof = content["claim"], content["proof"]
        found = digest(claim, proof)
        if content["sha256"] != found:
            refuse("sha256", "be the digest of claim and proof", content["sha256"])
        name = claim["name"]
        if name not in _CLAIMS:
            refuse("name", f"be one of {', '.join(map(repr, _CLAIMS))}", name)
        text, check = _CLAIMS[name]
        if claim["text"] != text:
            refuse("text", f"be {text!r}", claim["text"])
        return Checked(name, text, check(claim, proof), found)
    except (KeyError, TypeError, IndexError, AttributeError, ValueError, ArithmeticError) as error:
        if isinstance(error, SchattorError):
            raise
        refuse("content", "have the fields of its claim", f"{type(error).__name__}: {error}")
