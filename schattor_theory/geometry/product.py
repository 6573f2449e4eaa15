"""Product geometry of several blocks (D4): exponents, radii and the balance between the blocks' progress."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..arrays import Array, array_namespace, check_matrices, largest_entry
from ..checks import check_exponent, check_positive, fail
from ..errors import DTypeError, ParameterError, ShapeError
from .exponents import dual_exponent, exponent_label
from .methods import Settings, check_settings
from .schatten import SchattenGeometry, _norm, _norm_and_map, _power_norm

__all__ = ["Geometry", "ProductGeometry", "as_geometry"]

Blocks = Mapping[str, Array]


@dataclass(frozen=True, slots=True, init=False)
class ProductGeometry:
    """The norm ``|||x||| = ‖(‖x_b‖_{p_b}/ρ_b)_b‖_{ℓ_t}`` on blocks, and its duality map.

    Its dual is ``|||g|||_* = ‖(ρ_b‖g_b‖_{q_b})_b‖_{ℓ_t'}``. The outer exponent t is the *balance*: inf moves every
    block by its full radius, 2 in proportion to its share of the dual norm, 1 only the blocks where the dual norm is
    largest.

    Parameters
    ----------
    exponents : mapping of str to number
        Exponent p_b in [1, inf] of each block.
    radii : mapping of str to number, optional
        Radius ρ_b > 0 of each block, unit X of that block; 1 where not given.
    balance : number
        Outer exponent t in [1, inf].
    tolerance : float, optional
        Error of the maps, and relative error of the norms, of a block allowed beyond that of a decomposition, see
        :func:`duality_map`.

    Raises
    ------
    ExponentError, ParameterError, ShapeError
        For an exponent outside [1, inf], a radius or tolerance that is not positive, radii of unknown blocks, or no
        block at all.

    Source
    ------
    D4 in docs/theory/geometry.md.

    Examples
    --------
    >>> import numpy as np
    >>> geometry = ProductGeometry({"w": 2, "b": 2}, balance=2)
    >>> float(geometry.dual_norm({"w": np.array([[3.0]]), "b": np.array([[4.0]])}))
    5.0
    """

    _exponents: tuple[tuple[str, float], ...]
    _radii: tuple[tuple[str, float], ...]
    balance: float
    tolerance: float | None

    def __init__(
        self,
        exponents: Mapping[str, object],
        radii: Mapping[str, object] | None = None,
        balance: object = math.inf,
        *,
        tolerance: float | None = None,
    ) -> None:
        call = "ProductGeometry"
        if not isinstance(exponents, Mapping) or not exponents:
            fail(ParameterError, call, "exponents", "name at least one block", exponents, 'Try {"w": 4, "b": 2}.')
        unnamed = [b for b in exponents if not (isinstance(b, str) and b)]
        if unnamed:
            fail(ParameterError, call, "exponents", "have text as the name of each block", unnamed, "Name the blocks.")
        radii = {} if radii is None else radii
        if not isinstance(radii, Mapping):
            fail(ParameterError, call, "radii", "be a mapping of blocks to radii", radii, 'For example {"w": 2.0}.')
        unknown = sorted(set(radii) - set(exponents), key=str)
        if unknown:
            fail(ShapeError, call, "radii", f"name blocks among {sorted(exponents)}", unknown, "Drop or rename these.")
        names = list(exponents)
        object.__setattr__(
            self, "_exponents", tuple((b, check_exponent(call, exponents[b], f"exponents[{b!r}]")) for b in names)
        )
        object.__setattr__(
            self, "_radii", tuple((b, check_positive(call, f"radii[{b!r}]", radii.get(b, 1.0))) for b in names)
        )
        object.__setattr__(self, "balance", check_exponent(call, balance, "balance"))
        object.__setattr__(self, "tolerance", check_settings(call, math.inf, "auto", tolerance).tolerance)

    @property
    def exponents(self) -> dict[str, float]:
        """Return the exponent p_b of each block."""
        return dict(self._exponents)

    @property
    def radii(self) -> dict[str, float]:
        """Return the radius ρ_b of each block, unit X."""
        return dict(self._radii)

    @property
    def label(self) -> str:
        """Return the spelling of this geometry in tables and file names."""
        blocks = ",".join(f"{b}:{exponent_label(p)}" for b, p in self._exponents)
        return f"{blocks};t={exponent_label(self.balance)}"

    @property
    def is_inexact(self) -> bool:
        """Return False: its maps are exact up to rounding and the tolerance."""
        return False

    def with_tolerance(self, tolerance: float | None) -> ProductGeometry:
        """Return this geometry with another tolerance."""
        return ProductGeometry(self.exponents, self.radii, self.balance, tolerance=tolerance)

    @property
    def _settings(self) -> Settings:
        return Settings(tolerance=self.tolerance)

    def norm(self, x: Blocks, *, check_finite: bool = True) -> Array:
        """Return ``|||x|||``, shape (...)."""
        self.check_blocks("ProductGeometry.norm", "x", x, check_finite=check_finite)
        radii = self.radii
        return _outer_norm([_norm(x[b], p, self._settings) / radii[b] for b, p in self._exponents], self.balance)

    def dual_norm(self, g: Blocks, *, check_finite: bool = True) -> Array:
        """Return ``|||g|||_*``, shape (...)."""
        self.check_blocks("ProductGeometry.dual_norm", "g", g, check_finite=check_finite)
        norms = self.block_dual_norms(g, check_finite=False)
        radii = self.radii
        return _outer_norm([radii[b] * norms[b] for b in norms], dual_exponent(self.balance))

    def block_dual_norms(self, g: Blocks, *, check_finite: bool = True) -> dict[str, Array]:
        """Return ``‖g_b‖_{q_b}`` of each block, each shape (...)."""
        self.check_blocks("ProductGeometry.block_dual_norms", "g", g, check_finite=check_finite)
        return {b: _norm(g[b], dual_exponent(p), self._settings) for b, p in self._exponents}

    def duality_map(self, m: Blocks, *, check_finite: bool = True) -> dict[str, Array]:
        """Return the blocks ``ρ_b w_b D_{p_b}(m_b)``, with ``|||D||| = 1`` and ``Σ_b <m_b, D_b> = |||m|||_*``."""
        self.check_blocks("ProductGeometry.duality_map", "m", m, check_finite=check_finite)
        return self.dual_norm_and_map(m, check_finite=False)[1]

    def dual_norm_and_map(self, m: Blocks, *, check_finite: bool = True) -> tuple[Array, dict[str, Array]]:
        """Return ``(|||m|||_*, D)`` from one decomposition of each block; blocks of one shape share a call."""
        self.check_blocks("ProductGeometry.dual_norm_and_map", "m", m, check_finite=check_finite)
        norms, maps = self._block_norms_and_maps(m)
        radii = self.radii
        weighted = [radii[b] * norms[b] for b, _ in self._exponents]
        outer_dual = dual_exponent(self.balance)
        weights = _balance_weights(weighted, outer_dual)
        blocks = {
            b: maps[b] * (radii[b] * weight)[..., None, None]
            for (b, _), weight in zip(self._exponents, weights, strict=True)
        }
        return _outer_norm(weighted, outer_dual), blocks

    def _block_norms_and_maps(self, m: Blocks) -> tuple[dict[str, Array], dict[str, Array]]:
        groups: dict[tuple[Any, ...], list[str]] = {}
        for b, p in self._exponents:
            groups.setdefault((p, tuple(m[b].shape), m[b].dtype), []).append(b)
        norms: dict[str, Array] = {}
        maps: dict[str, Array] = {}
        for (p, _, _), names in groups.items():
            if len(names) == 1:
                norms[names[0]], maps[names[0]] = _norm_and_map(m[names[0]], dual_exponent(p), self._settings)
                continue
            stacked = array_namespace(m[names[0]]).stack([m[b] for b in names])
            norm, direction = _norm_and_map(stacked, dual_exponent(p), self._settings)
            for i, b in enumerate(names):
                norms[b], maps[b] = norm[i, ...], direction[i, ...]
        return norms, maps

    def check_blocks(self, call: str, argument: str, x: object, *, check_finite: bool = True) -> None:
        """Refuse ``x`` unless it is a mapping with exactly this geometry's blocks and one common stack shape."""
        names = [b for b, _ in self._exponents]
        if not isinstance(x, Mapping):
            fail(ShapeError, call, argument, f"be a mapping with blocks {names}", type(x).__name__, "Pass a dict.")
        if set(x) != set(names):
            fail(ShapeError, call, argument, f"have exactly the blocks {names}", list(x), "Add or drop blocks.")
        for b in names:
            check_matrices(call, f"{argument}[{b!r}]", x[b], check_finite=check_finite)
        dtypes = {b: x[b].dtype for b in names}
        if len(set(dtypes.values())) > 1:
            fail(DTypeError, call, argument, "have one dtype in all blocks", dtypes, "Convert the blocks to one.")
        stacks = {b: tuple(x[b].shape[:-2]) for b in names}
        if len(set(stacks.values())) > 1:
            way_out = "Every block has shape (..., m_b, n_b) with the same leading axes."
            fail(ShapeError, call, argument, "have one stack shape in all blocks", stacks, way_out)


Geometry = SchattenGeometry | ProductGeometry


def as_geometry(geometry: object) -> Geometry:
    """Return ``geometry`` itself, or the Schatten geometry of a bare exponent.

    Parameters
    ----------
    geometry : SchattenGeometry, ProductGeometry, number, Fraction or str
        A geometry, or an exponent in [1, inf].

    Returns
    -------
    SchattenGeometry or ProductGeometry

    Raises
    ------
    ExponentError
        If ``geometry`` is neither.
    """
    if isinstance(geometry, SchattenGeometry | ProductGeometry):
        return geometry
    return SchattenGeometry(geometry)  # type: ignore[arg-type]


def _outer_norm(norms: list[Array], exponent: float) -> Array:
    """Return the ℓ_exponent norm over the blocks of non-negative numbers, scaled by the largest first."""
    xp = array_namespace(*norms)
    stacked = xp.stack([xp.asarray(norm) for norm in norms], axis=-1)
    scale = largest_entry(stacked[..., None])[..., 0, 0]
    return scale * _power_norm(stacked / scale[..., None], exponent)


def _balance_weights(weighted: list[Array], outer_dual: float) -> list[Array]:
    """Return the weights ``w_b = (ρ_b‖m_b‖)^{t'-1} / |||m|||_*^{t'-1}`` of D4, with 0 for a zero block."""
    xp = array_namespace(*weighted)
    stacked = xp.stack([xp.asarray(norm) for norm in weighted], axis=-1)
    top = xp.max(stacked, axis=-1, keepdims=True)
    ratio = stacked / xp.where(top > 0, top, xp.ones_like(top))
    is_moving = xp.astype(stacked > 0, stacked.dtype)
    if outer_dual == 1:  # t = inf: full radius; a zero block has direction zero
        weights = xp.ones_like(stacked)
    elif math.isinf(outer_dual):  # t = 1: equal shares of the largest
        eps = 8 * float(xp.finfo(stacked.dtype).eps)
        is_top = xp.astype(ratio >= 1 - eps, stacked.dtype) * is_moving
        count = xp.sum(is_top, axis=-1, keepdims=True)
        weights = is_top / xp.where(count > 0, count, xp.ones_like(count))
    else:
        norm = _power_norm(ratio, outer_dual)[..., None]
        weights = (ratio / xp.where(norm > 0, norm, xp.ones_like(norm))) ** (outer_dual - 1)
        weights = weights * is_moving
    return [weights[..., i] for i in range(len(weighted))]
