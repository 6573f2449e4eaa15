"""What the cross-check says of a deviation, and what it should have said and did not."""

from __future__ import annotations

from ..crosscheck import CrossCheck, crosscheck
from ..known import differences
from ..observe import observe
from .deviation import Deviation

__all__ = ["answer_on", "examined", "faults_of", "lacks", "said"]


def examined(target: object, name: str | None = None) -> CrossCheck:
    """Return what is said of an optimizer."""
    with observe(target, name=name) as observer:
        return crosscheck(observer)


def said(deviation: Deviation) -> CrossCheck:
    """Return what is said of a deviation."""
    return examined(deviation.make(), deviation.name)


def answer_on(name: str, found: CrossCheck) -> str:
    """Return the values of the findings on a property, with what could not be told apart, or an invariance in words."""
    findings = () if found.diagnosis is None else found.diagnosis.of(name)
    values = [", ".join((one.value, *one.alternatives)) for one in findings]
    return "; ".join(values + [f"{one.outcome}. {one.words}" for one in found.invariances if one.name == name])


def faults_of(found: CrossCheck) -> str:
    """Return the values of all findings that are faults."""
    return "; ".join(one.value for one in found.faults)


def lacks(deviation: Deviation, found: CrossCheck) -> list[str]:
    """Return what should have been said of a deviation and was not; nothing where it is named."""
    answer = answer_on(deviation.property, found)
    if found.verdict is None or found.diagnosis is None:
        return [found.words]
    if deviation.is_invariance and not answer.startswith("broken"):
        return [f"{deviation.property!r}: {answer}"]
    missing = deviation.missing(found.diagnosis.convention)
    trouble = "; ".join(words for _, words in found.verdict.trouble[:1])
    text = f"{answer}; {faults_of(found)}; {trouble}"
    missing += [f"{deviation.property!r} does not say {words!r}: {text}" for words in deviation.unsaid(text)]
    if deviation.is_convention and found.outcome == "differs":
        missing.append(f"differs from what was diagnosed: {' '.join(found.verdict.reasons)}")
    convention = found.diagnosis.convention
    is_passed = found.outcome == "conforms" and not found.faults and not deviation.is_invariance
    if is_passed and convention is not None and not differences(convention, deviation.meant):
        missing.append(f"{found.words}, which is what was meant")
    return missing
