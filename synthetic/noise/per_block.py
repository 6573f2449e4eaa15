"""Noise on several blocks: one controlled law for each block, and one radius τ for all."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from schattor_theory.assumptions import MomentNoise, MomentShape, NotApplicable
from schattor_theory.bounds.product import product_moment_shape
from schattor_theory.checks import check_choice, check_nonnegative, fail
from schattor_theory.errors import ParameterError
from schattor_theory.geometry import ProductGeometry, dual_exponent

from ..family import block_shapes, product_of
from ..spectra import lp_norm
from .record import Demand, Draws, Noise

__all__ = ["BlockNoise", "per_block"]

_SHARED = ("tail", "step")


@dataclass(frozen=True, eq=False, kw_only=True)
class BlockNoise(Noise):
    """One law of one family for each block; signs and bases are independent, the radius τ is common to the blocks.

    With a common radius ``|||Z|||_* = τ ‖(ρ_b‖levels_b‖_{q_b})_b‖_{t'}``, so N1 is exact in the product geometry too.

    Attributes
    ----------
    blocks : mapping of str to noise
        The laws, all of one family and with one tail.
    """

    blocks: Mapping[str, Any]

    def __post_init__(self) -> None:
        laws = list(self.blocks.values())
        kinds = {(type(law), getattr(law, "tail", None)) for law in laws}
        if len(kinds) != 1:
            names = sorted(f"{law.name}, {getattr(law, 'tail', None)}" for law in laws)
            fail(ParameterError, "BlockNoise", "blocks", "be laws of one family with one tail", names)
        object.__setattr__(self, "blocks", dict(self.blocks))

    @property
    def _first(self) -> Any:
        return next(iter(self.blocks.values()))

    @property
    def name(self) -> str:
        return str(self._first.name)

    @property
    def conditionally_symmetric(self) -> bool:
        return bool(self._first.conditionally_symmetric)

    @property
    def constants(self) -> str:
        return str(self._first.constants)

    @property
    def runs_on_devices(self) -> bool:
        """Return whether every block's law does."""
        return all(law.runs_on_devices for law in self.blocks.values())

    @property
    def demands(self) -> tuple[Demand, ...]:
        found: dict[str, list[Demand]] = {}
        for law in self.blocks.values():
            for demand in law.demands:
                found.setdefault(demand.name, []).append(demand)
        merged = []
        for name, parts in found.items():
            if name in _SHARED:
                merged.append(parts[0])
                continue
            # bits are asked for in whole words, so that each block's signs begin with a word of their own
            size = sum(part.columns for part in parts) * (64 if parts[0].kind == "bits" else 1)
            merged.append(Demand(name, parts[0].role, parts[0].kind, size))
        return tuple(merged)

    def realise(self, draws: Draws, problem: Any, params: Any, gradient: Any) -> dict[str, np.ndarray]:
        begin = dict.fromkeys(draws, 0)
        noise = {}
        for b, law in self.blocks.items():
            part = {}
            for demand in law.demands:
                first = begin[demand.name]
                end = first + demand.columns
                part[demand.name] = draws[demand.name][..., first:end]
                if demand.name not in _SHARED:
                    begin[demand.name] = end
            noise[b] = law.realise(part, None, None, gradient[b])
        return noise

    def moment_sigma(self, p: Any, moment_order: float = 2) -> float | None:
        """Return ``(E|||Z|||_*^α)^{1/α}`` in a product geometry, exactly; None where it is infinite."""
        geometry = self._product("moment_sigma", p)
        found = [self.blocks[b].moment_sigma(geometry.exponents[b], moment_order) for b in self.blocks]
        if any(sigma is None for sigma in found):
            return None
        if not hasattr(self._first, "tail"):
            return None
        radii = [geometry.radii[b] for b in self.blocks]
        return lp_norm([r * s for r, s in zip(radii, found, strict=True)], dual_exponent(geometry.balance))

    def covariance_sigma(self, p: Any, side: str = "left") -> float | None:
        """Return None: N2 is a statement about one block, see ``blocks``."""
        self._product("covariance_sigma", p)
        return None

    def why_not(self, assumption: str, p: Any) -> str:
        geometry = self._product("why_not", p)
        check_choice("why_not", "assumption", assumption, ("moment", "covariance", "weighted"))
        if assumption == "moment":
            order = getattr(self._first, "normalised_order", 2.0)
            is_known = self.moment_sigma(geometry, order) is not None
            return "" if is_known else "the dual norm of all blocks together has no closed-form moment"
        return "it is a statement about one block; the product takes each block's own moment shape (T7)"

    def assumptions(self, p: Any) -> tuple[Any, ...]:
        """Return N1 in the product geometry; the other records are those of each block."""
        geometry = self._product("assumptions", p)
        orders = dict.fromkeys((getattr(self._first, "normalised_order", 2.0), 2.0))
        found = [(order, self.moment_sigma(geometry, order)) for order in orders]
        return tuple(
            MomentNoise(moment_order=o, sigma=s, conditionally_symmetric=self.conditionally_symmetric)
            for o, s in found
            if s is not None
        )

    def moment_shape(self, p: Any) -> MomentShape | NotApplicable:
        """Return T7's combination of the blocks' best shapes."""
        geometry = self._product("moment_shape", p)
        shapes = {b: law.moment_shape(geometry.exponents[b]) for b, law in self.blocks.items()}
        for b, shape in shapes.items():
            if isinstance(shape, NotApplicable):
                return NotApplicable(f"block {b!r}: {shape.reason}")
        return product_moment_shape(shapes, geometry.radii, geometry.balance)

    def _product(self, method: str, p: Any) -> ProductGeometry:
        return product_of(f"BlockNoise.{method}", p, self.blocks)


def per_block(build_one: Callable[..., Noise]) -> Callable[..., Noise]:
    """Return a build that also takes a dict of shapes and a product geometry.

    Each block gets an equal share of ``|||Z|||_*``: ``ρ_b σ_b = σ B^{-1/t'}`` for B blocks.
    """

    @functools.wraps(build_one)
    def build(shape: Any, geometry: Any, *, sigma: float = 1.0, **options: Any) -> Noise:
        if not isinstance(shape, Mapping):
            return build_one(shape, geometry, sigma=sigma, **options)
        call = build_one.__module__.rpartition(".")[2]
        shapes = block_shapes(call, shape)
        product = product_of(call, geometry, shapes)
        sigma = check_nonnegative(call, "sigma", sigma)
        outer = dual_exponent(product.balance)
        share = 1.0 if math.isinf(outer) else len(shapes) ** (-1 / outer)
        return BlockNoise(
            blocks={
                b: build_one(s, product.exponents[b], sigma=sigma * share / product.radii[b], **options)
                for b, s in shapes.items()
            }
        )

    return build
