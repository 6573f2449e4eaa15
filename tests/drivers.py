"""Stand-ins for CuPy where there is no device: what its driver says is given."""

from __future__ import annotations

__all__ = ["CASES", "StandIn"]


class StandIn:
    """CuPy with a driver that counts devices, or fails to, and a device whose first array fails."""

    def __init__(self, answer: int | Exception) -> None:
        self.cuda = self.runtime = self
        self.answer = answer

    def getDeviceCount(self) -> int:  # noqa: N802
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def zeros(self, shape: int) -> object:
        raise MemoryError("the first array failed")


CASES = [
    (RuntimeError("driver too old"), "RuntimeError: driver too old"),
    (0, "The driver finds no CUDA device."),
    (1, "MemoryError: the first array failed"),
]
"""Answers of a driver, and the words that a user is given."""
