"""Checks a stored certificate: ``python -m proofs_checks.rigorous.checker FILE``.

A prover searches: it chooses where to cut and how far. What it found is a list of pieces, and this package only
evaluates one formula on each, in integers and fractions, and sees that nothing is missing. It shares no code with the
provers, not even the words of the claims, and computes with the standard library alone.

A certificate is a gzip file of JSON: ``schema``, ``claim`` (texts, compared word by word, and the numbers that enter),
``proof`` (the pieces, with the bound claimed on each) and ``sha256`` of the two.
"""

from __future__ import annotations

from .reading import SCHEMA, Checked, check_certificate, check_content, digest, read_content
from .refusal import CertificateError

__all__ = ["SCHEMA", "CertificateError", "Checked", "check_certificate", "check_content", "digest", "read_content"]
