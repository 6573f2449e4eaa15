"""Refusal: the error of a certificate that does not prove its claim."""

from __future__ import annotations

from typing import NoReturn

from schattor_theory.checks import fail
from schattor_theory.errors import StoreError

__all__ = ["CALL", "CertificateError", "refuse"]

CALL = "check_certificate"


class CertificateError(StoreError):
    """A certificate that does not prove its claim."""


def refuse(what: str, requirement: str, got: object, where: str = "") -> NoReturn:
    """Raise the error, with the place in the certificate."""
    place = f" It is {where}." if where else ""
    fail(CertificateError, CALL, what, requirement, got, f"The certificate is refused.{place}")
