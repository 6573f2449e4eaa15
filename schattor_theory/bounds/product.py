"""The constants of several blocks in the product geometry (T7)."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ..assumptions import MomentShape
from ..checks import check_exponent, check_nonnegative, check_positive, fail
from ..errors import ParameterError, ShapeError
from ..geometry import dual_exponent
from .setting import check_shape

__all__ = ["product_moment_shape", "product_smoothness"]


def product_moment_shape(
    shapes: Mapping[str, MomentShape], radii: Mapping[str, float] | None = None, balance: object = math.inf
) -> MomentShape:
    """Return the moment shape of the blocks together.

    ``β = min β_b``, ``cσ = ‖(ρ_b c_b σ_b)_b‖_{ℓ_u}``, ``u = min(t', β)``. Every bound then holds in the
    product geometry with ``noise_model="shape"``.

    Parameters
    ----------
    shapes : mapping of str to MomentShape
        Of each block's noise in its own dual norm.
    radii : mapping of str to float, optional
        ρ_b > 0, unit X of the block; 1 where not given.
    balance : number
        t in [1, inf], ``1/t + 1/t' = 1``.

    Returns
    -------
    MomentShape
        With constant 1 and sigma = cσ, unit F.

    Raises
    ------
    ExponentError, ParameterError, ShapeError
        For an argument outside its range, or radii of unknown blocks.

    Source
    ------
    T7 in docs/theory/extensions.md.

    Examples
    --------
    >>> block = MomentShape(constant=1, moment_order=2, sigma=3.0)
    >>> product_moment_shape({"w": block, "b": block}).sigma
    6.0
    """
    call = "product_moment_shape"
    sizes = _radii(call, "shapes", shapes, radii)
    order = min(check_shape(call, shape).moment_order for shape in shapes.values())
    outer_dual = dual_exponent(check_exponent(call, balance, "balance"))
    scale = _ell([sizes[b] * shapes[b].scale for b in shapes], min(outer_dual, order))
    return MomentShape(constant=1.0, moment_order=order, sigma=scale, source="T7")


def product_smoothness(
    block_smoothness: Mapping[str, float], radii: Mapping[str, float] | None = None, balance: object = math.inf
) -> float:
    """Return the smoothness of a separable f in the product geometry: ``L = ‖(ρ_b²L_b)_b‖_{ℓ_v}``, exactly.

    ``v = t/(t-2)`` for balance t > 2 (the sum at t = inf), ``v = inf`` (the largest) for t <= 2.

    Parameters
    ----------
    block_smoothness : mapping of str to float
        L_b >= 0, unit F/X² of the block.
    radii : mapping of str to float, optional
        ρ_b > 0, unit X of the block; 1 where not given.
    balance : number
        t in [1, inf].

    Returns
    -------
    float
        Unit F.

    Raises
    ------
    ExponentError, ParameterError, ShapeError
        For an argument outside its range, or radii of unknown blocks.

    Source
    ------
    T7 in docs/theory/extensions.md.

    Examples
    --------
    >>> product_smoothness({"w": 3.0, "b": 4.0}), product_smoothness({"w": 3.0, "b": 4.0}, balance=4)
    (7.0, 5.0)
    """
    call = "product_smoothness"
    sizes = _radii(call, "block_smoothness", block_smoothness, radii)
    t = check_exponent(call, balance, "balance")
    values = [
        sizes[b] ** 2 * check_nonnegative(call, f"block_smoothness[{b!r}]", value)
        for b, value in block_smoothness.items()
    ]
    if t <= 2:
        return max(values)
    return _ell(values, 1.0 if math.isinf(t) else t / (t - 2))


def _radii(call: str, argument: str, blocks: object, radii: Mapping[str, float] | None) -> dict[str, float]:
    if not isinstance(blocks, Mapping) or not blocks:
        fail(ParameterError, call, argument, "be a mapping with at least one block", blocks)
    given = {} if radii is None else dict(radii)
    unknown = sorted(set(given) - set(blocks))
    if unknown:
        fail(ShapeError, call, "radii", f"name blocks among {sorted(blocks)}", unknown, "Drop or rename these.")
    return {b: check_positive(call, f"radii[{b!r}]", given.get(b, 1.0)) for b in blocks}


def _ell(values: list[float], exponent: float) -> float:
    top = max(values)
    if top == 0 or math.isinf(exponent):
        return top
    return float(top * math.fsum((value / top) ** exponent for value in values) ** (1 / exponent))
