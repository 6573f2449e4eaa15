"""Witnesses: exactly represented matrices that show a lower bound, certified in ball arithmetic, kept as JSON."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from flint import acb_mat, arb

from schattor_theory.checks import check_choice, fail
from schattor_theory.errors import ParameterError, StoreError

from ..files import disk, write_file
from ..rigorous import balls, spectral
from .entries import read_matrix, read_number, write_matrix

__all__ = ["DIGITS", "FOLDER", "KINDS", "SCHEMA", "Node", "Witness", "load_witnesses", "read_witness", "save_witness"]

Array = np.ndarray

SCHEMA = 1
KINDS = ("one-step", "martingale")
DIGITS = 25
"""Decimals after the point to which a witness is certified."""

_SPARE = 6  # further decimals to which the ball is computed, so that the last certified one does not depend on rounding
_MOST_BITS = 1 << 17
_EXACT_BITS = 20_000  # products of four floats, between 2^-4300 and 2^4100, and their sums fit exactly
FOLDER = Path(__file__).parent / "witnesses"
"""Where the witnesses are that come with the toolkit."""


@dataclass(frozen=True, slots=True)
class Node:
    """One conditional step of a martingale: ``X`` with probability ``t/(1+t)``, else ``-tX``."""

    step: Array
    ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A pair of matrices, or a martingale, whose ratio is a lower bound of a best constant.

    Attributes
    ----------
    kind : {"one-step", "martingale"}
        Whether the ratio is the one-step ratio of A and B, or ``E‖S‖_q^β/ΣE‖Z_i‖_q^β``.
    q, moment_order : Fraction
        Exponent of the norm and β; equal but for the refutation beyond the range of T4a.
    field : {"real", "complex"}
        Entries.
    a : ndarray
        The state A; for a martingale the first difference, ±A with equal probability.
    b : ndarray or None
        The step B of a pair.
    nodes : tuple of Node
        The later steps of a martingale, in the order of a binary heap: the children of k are 2k+1 (after X) and 2k+2.
    least_commutator : float
        What the search asked of the commutator size; 0 for nothing.
    certified : str
        The lower bound, rounded down to ``DIGITS`` decimals; "" before it is computed.
    seed, command
        What found it.
    description : dict
        Ranks, alignment, commutator size.
    """

    kind: str
    q: Fraction
    moment_order: Fraction
    field: str
    a: Array
    b: Array | None = None
    nodes: tuple[Node, ...] = ()
    least_commutator: float = 0.0
    certified: str = ""
    seed: object = 0
    command: str = ""
    description: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        check_choice("Witness", "kind", self.kind, KINDS)
        check_choice("Witness", "field", self.field, ("real", "complex"))
        if (self.kind == "one-step") != (self.b is not None) or (self.kind == "martingale") != bool(self.nodes):
            fail(ParameterError, "Witness", "kind", "fit the matrices: b for one-step, nodes for martingale", self.kind)
        for x in (self.a, *((self.b,) if self.b is not None else ()), *(node.step for node in self.nodes)):
            if np.shape(x) != np.shape(self.a) or not np.all(np.isfinite(x)):
                fail(ParameterError, "Witness", "matrices", "be finite and of one shape", np.shape(x))

    @property
    def shape(self) -> tuple[int, int]:
        """Return the shape of the matrices."""
        rows, columns = self.a.shape
        return rows, columns

    @property
    def is_scalar(self) -> bool:
        """Return whether the matrices are numbers."""
        return self.shape == (1, 1)

    @property
    def commutes(self) -> bool:
        """Return whether the commutators of :func:`.commutators` all vanish: exactly, not up to rounding.

        False proves that no unitary matrices make the matrices diagonal together: no scalar case in disguise. How far
        they are from one is what :meth:`commutator` says.
        """
        others = [self.b] if self.b is not None else [node.step for node in self.nodes]
        matrices = [self.a, *others]
        pairs = [(x, y) for k, x in enumerate(matrices) for y in matrices[:k]]
        with balls.precision(_EXACT_BITS):
            entries = [e for pair in pairs for block in spectral.commutators(*pair) for e in block.entries()]
        if not all(e.real.is_exact() and e.imag.is_exact() for e in entries):
            fail(ParameterError, "Witness.commutes", "a", "have entries whose products are exact", self.a)
        return all(e.is_zero() for e in entries)

    def enclosure(self, digits: int = DIGITS) -> arb:
        """Return a ball around the ratio, narrower than ``10^-digits`` by a million.

        Raises
        ------
        ParameterError
            If the ratio has no finite enclosure, as when B = 0.
        """
        wanted = balls.exact(Fraction(1, 10 ** (digits + _SPARE)))
        bits = spectral.working_bits(float(self.q), digits + _SPARE)
        while bits <= _MOST_BITS:
            with balls.precision(bits):
                ball = self._ratio()
                if ball.is_finite() and balls.width(ball) < wanted:
                    return ball
            bits *= 2
        fail(ParameterError, "Witness.enclosure", "a", "have a finite ratio", (self.kind, str(self.q)))

    def certified_lower(self, digits: int = DIGITS) -> arb:
        """Return a lower bound of the ratio, proved in ball arithmetic: a ball of radius zero."""
        with balls.precision(spectral.working_bits(2, digits + _SPARE)):
            return self.enclosure(digits).lower()

    def _ratio(self) -> arb:
        if self.b is not None:
            return one_step_ratio(spectral.ball_matrix(self.a), spectral.ball_matrix(self.b), self.q, self.moment_order)
        return martingale_ratio(self.a, self.nodes, self.q, self.moment_order)

    def commutator(self) -> arb:
        """Return a ball around the :func:`.commutator_size` of a pair, 0 for a scalar case in disguise."""
        if self.b is None:
            fail(ParameterError, "Witness.commutator", "kind", "be one-step", self.kind)
        with balls.precision(_EXACT_BITS):
            blocks = sum((spectral.frobenius_squared(x) for x in spectral.commutators(self.a, self.b)), arb(0))
            sizes = [spectral.frobenius_squared(spectral.ball_matrix(x)) for x in (self.a, self.b)]
        with balls.precision(128):
            return (blocks / (8 * sizes[0] ** 2 * sizes[1] ** 2)).sqrt()

    @classmethod
    def certify(cls, **fields: Any) -> Witness:
        """Return the witness of these fields with its certified decimals."""
        return cls(**fields, certified=balls.decimal_below(cls(**fields).certified_lower(), DIGITS))

    @property
    def name(self) -> str:
        """Return the stem of its file."""
        order = "" if self.moment_order == self.q else f"_beta={self.moment_order}"
        steps = f"_{len(self.nodes).bit_length() + 1}-step" if self.nodes else ""
        least = f"_commutator={self.least_commutator:g}" if self.least_commutator else ""
        rows, columns = self.shape
        return f"{self.kind}_q={self.q}{order}{steps}_{rows}x{columns}_{self.field}{least}".replace("/", "-")


def _power_of_norm(matrix: acb_mat, q: Fraction, order: Fraction) -> arb:
    total = spectral.schatten_power(matrix, q)
    return total if order == q else balls.power(total, order / q)


def one_step_ratio(a: acb_mat, b: acb_mat, q: Fraction, order: Fraction) -> arb:
    """Return a ball around ``(Φ(A+B) - Φ(A) - <∇Φ(A), B>)/Φ(B)``, ``Φ = ‖·‖_q^β``."""
    pairing = balls.exact(order) * spectral.gradient_pairing(a, b, q)
    if order != q:
        # ∇‖A‖_q^β = β ‖A‖_q^{β-q} A|A|^{q-2}
        pairing *= balls.power(spectral.schatten_power(a, q), order / q - 1)
    top = _power_of_norm(a + b, q, order) - _power_of_norm(a, q, order) - pairing
    return top / _power_of_norm(b, q, order)


def martingale_ratio(a: Array, nodes: Sequence[Node], q: Fraction, order: Fraction) -> arb:
    """Return a ball around ``E‖S‖_q^β/ΣE‖Z_i‖_q^β``; by symmetry of ±A the branch +A is enough."""
    total, cost = _expectations(spectral.ball_matrix(a), nodes, 0, q, order)
    return total / (_power_of_norm(spectral.ball_matrix(a), q, order) + cost)


def _expectations(state: acb_mat, nodes: Sequence[Node], k: int, q: Fraction, order: Fraction) -> tuple[arb, arb]:
    """Return ``E‖S‖_q^β`` and the sum of the moments of the steps still to come, both given the state."""
    if k >= len(nodes):
        return _power_of_norm(state, q, order), arb(0)
    step, t = spectral.ball_matrix(nodes[k].step), balls.exact(nodes[k].ratio)
    chance = t / (1 + t)
    up, cost_up = _expectations(state + step, nodes, 2 * k + 1, q, order)
    down, cost_down = _expectations(state - step * t, nodes, 2 * k + 2, q, order)
    own = (chance + (1 - chance) * balls.power(t, order)) * _power_of_norm(step, q, order)
    return chance * up + (1 - chance) * down, own + chance * cost_up + (1 - chance) * cost_down


def save_witness(witness: Witness, folder: Path) -> Path:
    """Write the witness to ``folder`` under its name and return the path."""
    content = {
        "schema": SCHEMA,
        "kind": witness.kind,
        "q": str(witness.q),
        "moment_order": str(witness.moment_order),
        "field": witness.field,
        "certified_lower": witness.certified,
        "least_commutator": witness.least_commutator,
        "seed": witness.seed,
        "command": witness.command,
        "description": dict(witness.description),
        "a": write_matrix(witness.a),
        **({"b": write_matrix(witness.b)} if witness.b is not None else {}),
        **(
            {"nodes": [{"ratio": float(n.ratio).hex(), "step": write_matrix(n.step)} for n in witness.nodes]}
            if witness.nodes
            else {}
        ),
    }
    path = folder / f"{witness.name}.json"
    write_file(path, (json.dumps(content, indent=1, allow_nan=False) + "\n").encode(), "save_witness")
    return path


def read_witness(path: Path) -> Witness:
    """Return the witness of one file.

    Raises
    ------
    StoreError
        If the file is not a witness of this schema; the message names the file and the field.
    """
    call = "read_witness"
    with disk(path, call):
        text = path.read_bytes()
    try:
        content = json.loads(text)
    except ValueError:
        fail(StoreError, call, "path", "be a JSON file", str(path))
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        fail(StoreError, call, "path", f"be a witness of schema {SCHEMA}", str(path))
    try:
        return Witness(
            kind=content["kind"], q=Fraction(content["q"]), moment_order=Fraction(content["moment_order"]),
            field=content["field"], a=read_matrix(content["a"]),
            b=read_matrix(content["b"]) if "b" in content else None,
            nodes=tuple(Node(read_matrix(n["step"]), read_number(n["ratio"])) for n in content.get("nodes", ())),
            least_commutator=float(content["least_commutator"]), certified=str(content["certified_lower"]),
            seed=content["seed"], command=content["command"],
            description=content["description"],
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        way_out = f"{type(error).__name__}: {error}."
        fail(StoreError, call, "path", f"hold the fields of schema {SCHEMA}", str(path), way_out)


@functools.cache
def load_witnesses() -> tuple[Witness, ...]:
    """Return the witnesses that come with the toolkit, by exponent, then size."""
    found = [read_witness(path) for path in sorted(FOLDER.glob("*.json"))]
    return tuple(sorted(found, key=lambda w: (w.kind != "one-step", w.moment_order, w.q, w.shape, w.name)))
