"""Search for the worst martingale of a few steps: a symmetric first difference, then conditional two-point steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from schattor_theory.checks import check_choice, check_integer, check_positive
from synthetic.seeds import Streams

from ..rigorous.balls import Decision, less
from ..rigorous.scalar_constant import scalar_constant
from .climb import climb, polish
from .pairs import Block, read_exponent
from .witness import Node, Witness

__all__ = ["Tree", "TreeResult", "search_martingale"]

Array = np.ndarray
Progress = Callable[[int, int, float], None]

_MOST_STEPS = 4
_LOG_RATIO = 30.0
"""Bound of ``|log t|``: beyond it a branch has no probability that floats can tell from 0."""


@dataclass(frozen=True, slots=True)
class Tree:
    """``E‖S‖_q^q/ΣE‖Z_i‖_q^q`` as a function of one real vector: A, then (X, log t) of every node of the binary heap.

    At a node in state M the next state is ``M + X`` with probability ``t/(1+t)`` and ``M - tX`` otherwise.
    """

    q: float
    block: Block
    n_steps: int

    @property
    def n_nodes(self) -> int:
        """Return the number of conditional steps, 2^{n-1} - 1."""
        return 2 ** (self.n_steps - 1) - 1

    def parts(self, x: Array) -> tuple[Array, list[tuple[Array, float]]]:
        """Return A and the (X, log t) of each node."""
        size = self.block.size
        rows = x[size:].reshape(self.n_nodes, size + 1)
        return self.block.matrix(x[:size]), [(self.block.matrix(r[:-1]), float(r[-1])) for r in rows]

    def join(self, a: Array, nodes: list[tuple[Array, float]]) -> Array:
        """Return the vector of A and the nodes, or of the gradients in them."""
        return np.concatenate([self.block.flat(a), *(np.append(self.block.flat(x), t) for x, t in nodes)])

    def with_gradient(self, x: Array) -> tuple[float, Array]:
        """Return the ratio and its gradient."""
        a, nodes = self.parts(x)
        if any(abs(t) > _LOG_RATIO for _, t in nodes):
            return float("nan"), np.zeros_like(x)
        top, bottom = self._visit(0, a, nodes)
        size, slope = _power(a, self.q)
        value = top.value / (size + bottom.value)
        scale = 1 / (size + bottom.value)
        in_a = scale * (top.in_state - value * (bottom.in_state + slope))
        in_nodes = [
            (
                scale * (top.nodes[k][0] - value * bottom.nodes[k][0]),
                scale * (top.nodes[k][1] - value * bottom.nodes[k][1]),
            )
            for k in range(len(nodes))
        ]
        return value, self.join(in_a, in_nodes)

    def _visit(self, k: int, state: Array, nodes: list[tuple[Array, float]]) -> tuple[_Part, _Part]:
        """Return the expected end and the expected cost of the later steps, given the state, with their gradients."""
        if k >= len(nodes):
            value, slope = _power(state, self.q)
            return _Part(value, slope, {}), _Part(0.0, np.zeros_like(state), {})
        step, log_t = nodes[k]
        t = float(np.exp(log_t))
        chance, slope_of_chance = t / (1 + t), t / (1 + t) ** 2  # the slope is in log t
        up = self._visit(2 * k + 1, state + step, nodes)
        down = self._visit(2 * k + 2, state - t * step, nodes)
        found = []
        for first, second in zip(up, down, strict=True):
            below = {i: (chance * g, chance * h) for i, (g, h) in first.nodes.items()}
            below |= {i: ((1 - chance) * g, (1 - chance) * h) for i, (g, h) in second.nodes.items()}
            in_step = chance * first.in_state - (1 - chance) * t * second.in_state
            in_log = slope_of_chance * (first.value - second.value)
            in_log -= (1 - chance) * t * float(np.vdot(second.in_state, step).real)
            found.append(
                _Part(
                    chance * first.value + (1 - chance) * second.value,
                    chance * first.in_state + (1 - chance) * second.in_state,
                    {**below, k: (in_step, in_log)},
                )
            )
        end, cost = found
        weight = (t + t**self.q) / (1 + t)
        slope_of_weight = t * ((1 + self.q * t ** (self.q - 1)) * (1 + t) - (t + t**self.q)) / (1 + t) ** 2
        size, slope = _power(step, self.q)
        in_step, in_log = cost.nodes[k]
        own = {**cost.nodes, k: (in_step + weight * slope, in_log + slope_of_weight * size)}
        return end, _Part(cost.value + weight * size, cost.in_state, own)


@dataclass(frozen=True, slots=True)
class _Part:
    """An expectation given the state, with its gradients in the state and in each (X, log t)."""

    value: float
    in_state: Array
    nodes: Mapping[int, tuple[Array, float]]


def _power(x: Array, q: float) -> tuple[float, Array]:
    """Return ``‖X‖_q^q`` and its gradient."""
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    return float(np.sum(s**q)), q * (u * s ** (q - 1)) @ vh


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeResult:
    """The worst martingale that a search found; ``value`` is floating point, :meth:`witness` gives the bound."""

    q: Fraction
    shape: tuple[int, int]
    field: str
    seed: object
    n_steps: int
    a: Array
    nodes: tuple[Node, ...]
    value: float
    starts: int
    seconds: float

    def witness(self, command: str = "") -> Witness:
        """Return the martingale as a witness, with the lower bound that ball arithmetic certifies."""
        return Witness.certify(
            kind="martingale", q=self.q, moment_order=self.q, field=self.field, a=self.a, nodes=self.nodes,
            seed=self.seed, command=command, description=self._description(),
        )  # fmt: skip

    def beats_scalar(self) -> Decision:
        """Return whether the ratio is above C_q, in ball arithmetic: it would refute the conjecture."""
        return less(scalar_constant(self.q, 40).constant, self.witness().certified_lower())

    def _description(self) -> dict[str, Any]:
        chances = [node.ratio / (1 + node.ratio) for node in self.nodes]
        return {"n_steps": self.n_steps, "probabilities": chances, "value": self.value}


def search_martingale(
    q: object,
    shape: tuple[int, int],
    *,
    n_steps: int = 2,
    field: str = "real",
    starts: int = 12,
    seed: object = 0,
    iterations: int = 3000,
    time_limit: float | None = None,
    progress: Progress | None = None,
) -> TreeResult:
    """Return the largest ``E‖S‖_q^q/ΣE‖Z_i‖_q^q`` found over martingales of two-point steps.

    Parameters
    ----------
    q : Fraction, str, int or float
        > 1; a float is read as the decimal it prints as.
    shape : tuple of int
        Rows and columns.
    n_steps : int
        2 to 4: ±A, then n - 1 conditional steps, each with its own matrix and probability at every node.
    field : {"real", "complex"}
        Entries.
    starts, seed, iterations, time_limit, progress
        As in :func:`.search_one_step`.

    Raises
    ------
    ParameterError
        For an argument outside its range.
    """
    call = "search_martingale"
    q_exact = read_exponent(call, "q", q)
    m, n = (check_integer(call, "shape", d, minimum=1) for d in shape)
    check_choice(call, "field", field, ("real", "complex"))
    check_integer(call, "starts", starts, minimum=1)
    check_choice(call, "n_steps", str(n_steps), [str(k) for k in range(2, _MOST_STEPS + 1)])
    if time_limit is not None:
        check_positive(call, "time_limit", time_limit)
    block = Block(m, n, field == "complex")
    tree = Tree(float(q_exact), block, n_steps)
    axes = {
        "search": "martingale",
        "q": str(q_exact),
        "shape": [m, n],
        "field": field,
        "n_steps": n_steps,
        "seed": seed,
    }
    begun = time.monotonic()
    found: list[tuple[float, Array]] = []
    for k in range(starts):
        if found and time_limit is not None and time.monotonic() - begun > time_limit:
            break
        rng = Streams(axes, k).generator("start")
        found.append(climb(tree.with_gradient, _start(rng, tree), iterations=iterations))
        if progress is not None:
            progress(k + 1, starts, max(value for value, _ in found))
    best = [polish(tree.with_gradient, x) for value, x in sorted(found, key=lambda f: -f[0])[:2] if np.isfinite(value)]
    value, x = max([*best, *found], key=lambda item: item[0])
    a, nodes = tree.parts(x)
    return TreeResult(
        q=q_exact, shape=(m, n), field=field, seed=seed, n_steps=n_steps, a=a, value=value, starts=len(found),
        nodes=tuple(Node(step, float(np.exp(t))) for step, t in nodes), seconds=time.monotonic() - begun,
    )  # fmt: skip


def _start(rng: np.random.Generator, tree: Tree) -> Array:
    """Return a random martingale whose rare steps X point against the state they start from, more or less."""
    a = tree.block.draw(rng)
    mix = 10 ** rng.uniform(-3, 0)
    states = [a]
    nodes = []
    for k in range(tree.n_nodes):
        state = states[k]
        step = -(10 ** rng.uniform(-0.5, 1.5)) * (state + mix * tree.block.draw(rng))
        log_ratio = float(rng.uniform(-7, 0))
        states += [state + step, state - np.exp(log_ratio) * step]
        nodes.append((step, log_ratio))
    return tree.join(a, nodes)
