"""Check certificates: ``python -m proofs_checks.rigorous.checker FILE...``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from schattor_theory.errors import SchattorError

from .reading import check_certificate
from .refusal import CertificateError


def main(words: Sequence[str]) -> int:
    """Check the files and return the exit code: 0 accepted, 1 refused, 2 bad usage, 3 not a certificate."""
    if not words:
        print("usage: python -m proofs_checks.rigorous.checker FILE...", file=sys.stderr)
        return 2
    code = 0
    for word in words:
        try:
            found = check_certificate(Path(word))
        except SchattorError as error:
            print(f"{word}: {error}", file=sys.stderr)
            code = max(code, 1 if isinstance(error, CertificateError) else 3)
        else:
            print(f"{word}: accepted, {found.pieces} pieces. {found.text}")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
