"""Words on size: findings on the floor of the division and on the factor by shape, with the numbers behind them."""

from __future__ import annotations

from collections.abc import Sequence

from ..finding import Finding
from .floor import FloorFit, changed_below
from .observation import Observation
from .scale import ScaleFit

__all__ = ["floor_finding", "scale_findings"]


def floor_finding(floor: FloorFit | None, entry: float | None, swept: dict[int, Observation]) -> Finding:
    """Return the floor of the division, in the unit of the gradient."""
    unit = "in the unit of the gradient, which the first average multiplies"
    if entry is not None:
        return Finding(
            property="floor",
            value=f"ε = {entry:.3g} added to each entry, {unit}",
            data={"epsilon": entry},
            evidence="Entries near it come out smaller than one.",
        )
    if floor is None:
        if not swept:
            return Finding(
                property="floor",
                value="not observed",
                is_decided=False,
                evidence="No gradient was seen at several sizes.",
            )
        least = min(swept)
        odd = changed_below(swept)
        if odd is not None:
            return Finding(
                property="floor",
                value=f"small gradients change the step, below entries of {2.0**odd:.0e}: no floor of the norm",
                evidence=f"One gradient at {len(swept)} sizes, largest entry 2^{least} and more; neither ε added to "
                "the norm of the input nor a least norm explains the steps.",
                data={"from": odd},
            )
        good = [k for k, one in swept.items() if one.is_finite and one.size > 0]
        where = f"from entries of {2.0 ** (min(good) - 1):.0e} on" if good else "nowhere"
        return Finding(
            property="floor",
            value="none seen",
            evidence=f"One gradient at {len(swept)} sizes, largest entry 2^{least} and more; steps are as at ordinary "
            f"sizes {where}.",
        )
    form = floor.floor.form
    other = "clamped" if form == "added" else "added"
    return Finding(
        property="floor",
        value=f"ε = {floor.floor.value:.3g} {form}, {unit}",
        alternatives=() if floor.is_form_clear else (f"the same {other}",),
        is_decided=floor.is_form_clear,
        evidence=f"It leaves {floor.residual:.1e} of the steps at {len(swept)} sizes, no floor {floor.without:.1e}.",
        data={"epsilon": floor.floor.value, "form": form, "error": max(2e-3, 2 * floor.residual)},
    )


def scale_findings(fit: ScaleFit, seen: Sequence[Observation]) -> list[Finding]:
    """Return the formula of the factor, and which axis it grows with."""
    shapes = ", ".join(f"{shape} {value:.5g}" for shape, value in fit.by_shape.items())
    evidence = (
        f"Factor by shape: {shapes}; as measured {fit.measured:.6g} ± {abs(fit.measured) * fit.error:.1e}, "
        f"spread {fit.spread:.1e}."
    )
    if fit.relation:
        evidence += (
            f" Proportional to {fit.relation}; the factor holds the weight of the first gradient in the first average."
        )
    if not fit.fits:
        unknown = Finding(
            property="scale",
            value="no formula fits; "
            + (f"{fit.other_words} does" if fit.other_words else f"nearest {fit.scale.words}"),
            evidence=evidence,
            data={"by_shape": dict(fit.by_shape)},
        )
        return [unknown]
    value = fit.scale.words
    if fit.relation and fit.relation != "the dual norm <G, D>":
        value += f", times {fit.relation}"
    if fit.uses_block:
        value += ", of the shape of a block"
    one_shape = len({one.shape for one in seen}) < 2
    found = [
        Finding(
            property="scale",
            value=value,
            evidence=evidence,
            alternatives=fit.alternatives[:8],
            is_decided=not fit.alternatives,
            data={"by_shape": dict(fit.by_shape), "factor": fit.measured, "error": fit.error * abs(fit.measured)},
        )
    ]
    formula = fit.scale.formula
    if one_shape or fit.alternatives:
        return found
    side = {
        "sqrt(max(1, rows/columns))": "rows",
        "sqrt(rows/columns)": "rows",
        "sqrt(rows)": "rows",
        "sqrt(max(1, columns/rows))": "columns",
        "sqrt(columns/rows)": "columns",
        "sqrt(columns)": "columns",
    }.get(formula)
    if side is None:
        found.append(
            Finding(
                property="axes",
                value="rows and columns alike",
                evidence=f"The factor {formula} is that of the transpose.",
            )
        )
    else:
        kind = "outputs are rows, as torch has them" if side == "rows" else "outputs are columns, as JAX has them"
        found.append(
            Finding(
                property="axes",
                value=f"{kind}: the factor grows with {side}",
                evidence=f"The factor is {fit.scale.words}.",
            )
        )
    return found
