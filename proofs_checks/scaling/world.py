"""Building the world of a cell, and checking on what was built that it holds fixed what the study says."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from schattor_theory.assumptions import CovarianceNoise, MomentNoise, MomentShape, NotApplicable, WeightedNoise
from schattor_theory.checks import fail
from schattor_theory.errors import ParameterError
from schattor_theory.geometry import Geometry, ProductGeometry, SchattenGeometry, as_geometry
from synthetic import NOISES, PROBLEMS
from synthetic.seeds import Streams

from ..known import known
from .axes import factory_of
from .plan import Cell, Held
from .point import exponent_at, integer_at, real_at, world_at

__all__ = ["World", "block_geometry_of", "build_world", "geometry_of", "shape_of", "sigma_of"]

NoiseRecord = CovarianceNoise | MomentNoise | WeightedNoise
Shape = tuple[int, int] | dict[str, tuple[int, int]]

EXACTNESS = 1e-9
"""Relative error allowed between a constant of the study file and that of what was built: rounding, nothing else."""


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """The problem, noise and geometry of a cell with their constants in the method's own geometry.

    Attributes
    ----------
    problem, noise : object
        As in ``PROBLEMS`` and ``NOISES``.
    geometry : SchattenGeometry or ProductGeometry
        The method's own.
    initial_gap, smoothness : float
        Δ in F and L in F/X², in the method's own geometry.
    shape : MomentShape or NotApplicable
        The moment shape of the noise under the assumption of the arm.
    """

    problem: Any
    noise: Any
    geometry: Geometry
    initial_gap: float
    smoothness: float
    shape: MomentShape | NotApplicable


def block_name(index: int) -> str:
    """Return the name of a block; names sort as the blocks do."""
    return f"block{index:03d}"


def geometry_of(cell: Cell) -> Geometry:
    """Return the geometry of the method that a cell runs.

    A single matrix has the geometry that its problem is stored for. With blocks it is a product geometry whose radii
    are spread evenly on a logarithmic scale, with geometric mean 1.
    """
    if "blocks" in cell.point:
        return block_geometry_of(cell)
    family = PROBLEMS.get(str(world_at(cell.point, "problem")["name"]))
    return (SchattenGeometry if family is None else family.geometry)(exponent_at(cell.point, "p"))


def block_geometry_of(cell: Cell) -> ProductGeometry:
    """Return the product geometry of a cell with blocks."""
    point = cell.point
    n = integer_at(point, "blocks")
    half = math.sqrt(cell.radii_spread)
    radii = np.geomspace(1 / half, half, n) if n > 1 else np.ones(1)
    names = [block_name(b) for b in range(n)]
    return ProductGeometry(
        dict.fromkeys(names, point["p"]), dict(zip(names, map(float, radii), strict=True)), point["balance"]
    )


def shape_of(cell: Cell) -> Shape:
    """Return the shape (m, n) of the variable, n = aspect × m rounded, or the shape of each block."""
    m = integer_at(cell.point, "dimension")
    n = max(1, round(m * real_at(cell.point, "aspect")))
    if "blocks" not in cell.point:
        return (m, n)
    return {block_name(b): (m, n) for b in range(integer_at(cell.point, "blocks"))}


def builder_of(
    catalogue: Mapping[str, Any], spec: Mapping[str, object]
) -> tuple[Callable[..., Any], dict[str, object]]:
    """Return the build function of a problem or noise, and its options."""
    name = str(spec["name"])
    options = {key: value for key, value in spec.items() if key != "name"}
    factory = factory_of(name)
    return (factory if factory is not None else catalogue[name].build), options


def _record_of(noise: Any, assumption: str, geometry: Geometry, moment_order: float) -> NoiseRecord | None:
    """Return the record of a noise under one assumption in a geometry of one exponent, None when it has none."""
    if assumption == "covariance":
        sigma = noise.covariance_sigma(geometry)
        return None if sigma is None else CovarianceNoise(sigma=sigma)
    if assumption == "moment":
        sigma, symmetric = noise.moment_sigma(geometry, moment_order), bool(noise.conditionally_symmetric)
        return None if sigma is None else MomentNoise(
            moment_order=moment_order, sigma=sigma, conditionally_symmetric=symmetric
        )  # fmt: skip
    return next((found for found in noise.assumptions(geometry) if isinstance(found, WeightedNoise)), None)


def moment_shape_of(
    noise: Any, assumption: str, geometry: Geometry, moment_order: float
) -> MomentShape | NotApplicable:
    """Return the moment shape that a noise has under one assumption in a geometry.

    Returns
    -------
    MomentShape or NotApplicable
        The latter when the noise does not satisfy the assumption, or the assumption has no moment shape there.
    """
    if isinstance(geometry, ProductGeometry):
        return noise.moment_shape(geometry)
    record = _record_of(noise, assumption, geometry, moment_order)
    if record is None:
        return NotApplicable(f"the noise {noise.name!r} does not satisfy the assumption {assumption!r}")
    return record.moment_shape(geometry.p)


def sigma_of(noise: Any, assumption: str, geometry: Geometry, moment_order: float) -> float | None:
    """Return the sigma of a noise under one assumption in a geometry, None when it has none.

    In a product geometry it is that of T7, made of each block's best moment shape.
    """
    if isinstance(geometry, ProductGeometry):
        shape = noise.moment_shape(geometry)
        return None if isinstance(shape, NotApplicable) else shape.scale
    record = _record_of(noise, assumption, geometry, moment_order)
    return None if record is None else record.sigma


def _check_held(cell: Cell, held: Held, reference: Geometry, problem: Any, noise: Any) -> None:
    """Refuse a world whose constants are not those of the study: they are measured, not trusted."""
    built = {
        "initial_gap": problem.initial_gap,
        "smoothness": problem.smoothness(reference),
        "sigma": sigma_of(noise, cell.assumption, reference, held.moment_order),
    }
    for name, value in built.items():
        wanted = getattr(held, name)
        if value is None or not math.isclose(value, wanted, rel_tol=EXACTNESS):
            where = "the method's own geometry" if held.geometry == "own" else f"the geometry p={held.geometry}"
            way_out = f"{cell.label()} cannot hold it fixed under the assumption {cell.assumption!r}."
            fail(ParameterError, "study", name, f"be {wanted:g} in {where}", value, way_out)


def _noise(cell: Cell, held: Held, reference: Geometry) -> Any:
    """Return the noise whose sigma under the arm's assumption is the one held fixed.

    A family is built by the moment of its dual norm. Where the assumption's sigma is another multiple of it, it is
    built a second time to scale: sigma is linear in the noise.
    """
    build, options = builder_of(NOISES, world_at(cell.point, "noise"))

    def built(sigma: float) -> Any:
        rng = Streams({"world": cell.axes}).generator("signs")
        return build(shape_of(cell), reference, sigma=sigma, moment_order=held.moment_order, rng=rng, **options)

    noise = built(held.sigma)
    found = sigma_of(noise, cell.assumption, reference, held.moment_order)
    if found is None or not found > 0 or math.isclose(found, held.sigma, rel_tol=EXACTNESS):
        return noise
    return built(held.sigma * (held.sigma / found))


def build_world(cell: Cell) -> World:
    """Return the world of a cell whose constants are exact.

    Raises
    ------
    ParameterError
        If the problem or noise cannot have the constants that the study holds fixed, or turned out not to have them.
    """
    held = known(cell.held, "held")
    own = geometry_of(cell)
    reference = own if held.geometry == "own" else as_geometry(held.geometry)
    shape = shape_of(cell)
    rng = Streams({"world": cell.axes}).generator("basis")
    build, options = builder_of(PROBLEMS, world_at(cell.point, "problem"))
    problem = build(shape, reference, smoothness=held.smoothness, initial_gap=held.initial_gap, rng=rng, **options)
    noise = _noise(cell, held, reference)
    _check_held(cell, held, reference, problem, noise)
    found = moment_shape_of(noise, cell.assumption, own, held.moment_order)
    return World(problem, noise, own, float(problem.initial_gap), float(problem.smoothness(own)), found)
