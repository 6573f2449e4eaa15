"""Branch and bound: a comparison proved on a whole box by cutting the box until every piece is decided."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from schattor_theory.checks import check_integer, fail
from schattor_theory.errors import ParameterError

from .balls import Decision, exact, hull

__all__ = ["Box", "Cover", "prove_on_box"]

Box = tuple[tuple[Fraction, Fraction], ...]
"""The two ends of each coordinate, as exact rationals."""


@dataclass(frozen=True, slots=True)
class Cover:
    """Outcome of :func:`prove_on_box`.

    Attributes
    ----------
    decision : Decision
        PROVED: on every piece, hence at every point of the box. REFUTED: on one whole piece. UNDECIDED: the limit
        was reached.
    pieces : int
        How many pieces were looked at.
    piece : tuple or None
        The piece that is refuted, or the first that was left undecided.
    parts : tuple
        The pieces on which it is proved, in the order of the corners; empty unless they were asked for.
    """

    decision: Decision
    pieces: int
    piece: Box | None = None
    parts: tuple[Box, ...] = ()

    @property
    def words(self) -> str:
        """Return the outcome in words."""
        where = (
            "" if self.piece is None else " at " + " × ".join(f"[{float(a):g}, {float(b):g}]" for a, b in self.piece)
        )
        return f"{self.decision.value} in {self.pieces:,} piece{'' if self.pieces == 1 else 's'}{where}"


def prove_on_box(
    condition: Callable[..., Decision],
    box: Sequence[tuple[Fraction | int | str, Fraction | int | str]],
    *,
    most_pieces: int = 20_000,
    keep_parts: bool = False,
) -> Cover:
    """Decide ``condition`` on a box by bisecting its pieces along their widest side.

    Parameters
    ----------
    condition : callable
        Takes a ball for each coordinate and says PROVED only if the comparison holds for every point of the balls,
        REFUTED only if it fails for every point.
    box : sequence of pairs
        Low and high end of each coordinate; text as in "8/7". The sides are compared by their length.
    most_pieces : int
        After so many pieces the outcome is UNDECIDED.
    keep_parts : bool
        Whether to return the pieces of a proof.

    Raises
    ------
    ParameterError
        If an end is above the other, or the box has no side.

    Examples
    --------
    >>> from .balls import less
    >>> cover = prove_on_box(lambda x: less(x * (1 - x), "0.26"), [(0, 1)])
    >>> cover.decision, cover.pieces > 1
    (<Decision.PROVED: 'proved'>, True)
    """
    most_pieces = check_integer("prove_on_box", "most_pieces", most_pieces, minimum=1)
    whole: Box = tuple((Fraction(low), Fraction(high)) for low, high in box)
    if not whole or any(low > high for low, high in whole):
        fail(ParameterError, "prove_on_box", "box", "have sides whose low end is not above the high end", box)
    # the oldest piece first: where a claim fails, a whole piece shows it before the edge of that part is cut for ever
    waiting, pieces = deque([whole]), 0
    parts: list[Box] = []
    while waiting:
        piece = waiting.popleft()
        pieces += 1
        decision = condition(*(_ball(low, high) for low, high in piece))
        if decision is Decision.REFUTED:
            return Cover(Decision.REFUTED, pieces, piece)
        if decision is Decision.UNDECIDED:
            if pieces + len(waiting) >= most_pieces or all(low == high for low, high in piece):
                return Cover(Decision.UNDECIDED, pieces, piece)
            waiting.extend(_halves(piece))
        elif keep_parts:
            parts.append(piece)
    return Cover(Decision.PROVED, pieces, parts=tuple(sorted(parts)))


def _ball(low: Fraction, high: Fraction) -> arb:
    return exact(low) if low == high else hull(exact(low), exact(high))


def _halves(piece: Box) -> list[Box]:
    side = max(range(len(piece)), key=lambda i: piece[i][1] - piece[i][0])
    low, high = piece[side]
    middle = (low + high) / 2
    return [(*piece[:side], part, *piece[side + 1 :]) for part in ((low, middle), (middle, high))]
