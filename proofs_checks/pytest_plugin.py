"""The pytest plugin: the fixture ``schattor_reference``, for tests in other repositories.

Importing it imports nothing but pytest; the reference vectors are computed when a test asks for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .vectors import ReferenceVectors

__all__ = ["schattor_reference"]


@pytest.fixture(scope="session")
def schattor_reference() -> ReferenceVectors:
    """Exact matrices with certified answers: ``schattor_reference.cases("duality_map", p="inf", dtype="float32")``."""
    from .vectors import reference_vectors

    return reference_vectors()
