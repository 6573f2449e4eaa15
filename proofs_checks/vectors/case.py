"""One case of the reference vectors: exact inputs, certified answers, and the comparison of another computation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schattor_theory.arrays import to_numpy
from schattor_theory.checks import fail
from schattor_theory.errors import DTypeError, ShapeError

from .rounding import Answer

__all__ = ["Case", "Comparison", "holds_exactly", "machine_epsilon"]

# the distance from 1 to the next number, the exponents of the largest power of two and of the smallest normal one
_TYPES = {
    "float64": (2.0**-52, 1023, -1022),
    "float32": (2.0**-23, 127, -126),
    "float16": (2.0**-10, 15, -14),
    "bfloat16": (2.0**-7, 127, -126),
}


def machine_epsilon(dtype: object) -> float:
    """Return the machine epsilon of a floating-point type, given as a type, a name or an array's dtype.

    Raises
    ------
    DTypeError
        For anything but float64, float32, float16 and bfloat16.

    Examples
    --------
    >>> machine_epsilon("float64"), machine_epsilon(np.float32)
    (2.220446049250313e-16, 1.1920928955078125e-07)
    """
    return _type_of("machine_epsilon", dtype)[0]


def _type_of(call: str, dtype: object) -> tuple[float, int, int]:
    name = str(getattr(dtype, "name", None) or getattr(dtype, "__name__", None) or dtype).removeprefix("torch.")
    if name not in _TYPES:
        fail(DTypeError, call, "dtype", f"be one of {', '.join(_TYPES)}", dtype)
    return _TYPES[name]


def holds_exactly(values: np.ndarray, dtype: object) -> bool:
    """Return whether a floating-point type has every one of these float64 numbers, without subnormal ones.

    Examples
    --------
    >>> holds_exactly(np.array([[0.5, 3.0]]), "float16"), holds_exactly(np.array([[0.1]]), "float32")
    (True, False)
    """
    eps, highest, lowest = _type_of("holds_exactly", dtype)
    significands, exponents = np.frexp(values[values != 0])  # significands in [1/2, 1)
    places = significands * (2 / eps)
    return bool((places == np.rint(places)).all() and (exponents <= highest + 1).all() and (exponents > lowest).all())


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A computed answer beside the certified one.

    Attributes
    ----------
    case, answer : str
        What was compared.
    difference : float
        Largest ``|computed - certified|`` over the entries; inf where an entry is not finite.
    allowance : float
        What the difference may be: ``eps S`` and the proved error bound of what is stored.
    eps : float
        Machine epsilon of the computation.
    size : float
        Largest entry of the certified answer.
    """

    case: str
    answer: str
    difference: float
    allowance: float
    eps: float
    size: float

    @property
    def conforms(self) -> bool:
        """Return whether the difference is within the allowance."""
        return self.difference <= self.allowance

    def in_eps(self, number: float) -> float:
        """Return ``number`` in units of eps times the largest entry (of eps itself, where the answer is zero)."""
        return number / self.eps / (self.size or 1.0)

    def words(self) -> str:
        """Return the comparison as a sentence."""
        relation = "within" if self.conforms else "beyond"
        return (
            f"{self.case}, {self.answer}: differs by {self.in_eps(self.difference):.4g} eps, "
            f"{relation} the {self.in_eps(self.allowance):.4g} that rounding explains"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A question with its certified answers.

    Attributes
    ----------
    name : str
        Unique; its parts are separated by ``/``.
    kind : str
        Which question it is; docs/reference-vectors.md says what each kind asks.
    parameters : mapping
        The options of the question, as strict JSON; a float stands for its binary value.
    inputs : mapping of str to array
        By role, float64, exact, and read-only: other tests look at the same arrays.
    answers : mapping of str to Answer
        By role.
    input_names : mapping of str to str
        What the inputs are called in the files.
    """

    name: str
    kind: str
    parameters: Mapping[str, Any]
    inputs: Mapping[str, np.ndarray]
    answers: Mapping[str, Answer]
    input_names: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for array in (*self.inputs.values(), *(answer.values for answer in self.answers.values())):
            array.flags.writeable = False

    def says_something(self, dtype: object) -> bool:
        """Return whether a computation in this type can be judged by the case.

        The type must hold the inputs exactly, and rounding must explain less than a quarter of each answer's largest
        entry: what is ill-conditioned in a short type refutes nothing.
        """
        eps = machine_epsilon(dtype)
        answers = self.answers.values()
        return all(holds_exactly(x, dtype) for x in self.inputs.values()) and all(
            eps * answer.sensitivity <= answer.size / 4 for answer in answers
        )

    def compare(self, computed: Mapping[str, Any], *, eps: float | None = None) -> tuple[Comparison, ...]:
        """Return how far computed answers are from the certified ones.

        Parameters
        ----------
        computed : mapping of str to array
            One or more of the answers of the case, of any supported array library.
        eps : float, optional
            Machine epsilon of the computation; that of the array's type where it is left out.

        Raises
        ------
        ShapeError
            If an answer has no such name, or another shape.
        DTypeError
            If the type has no machine epsilon that is known here.
        """
        call = "Case.compare"
        found = []
        for role, value in computed.items():
            if role not in self.answers:
                fail(ShapeError, call, "computed", f"name answers among {sorted(self.answers)}", role)
            answer, array = self.answers[role], to_numpy(value) if hasattr(value, "dtype") else np.asarray(value)
            if array.shape != answer.values.shape:
                fail(ShapeError, call, role, f"have shape {answer.values.shape}", array.shape, f"Case {self.name}.")
            own = machine_epsilon(array.dtype) if eps is None else eps
            with np.errstate(over="ignore", invalid="ignore"):
                gaps = np.abs(array.astype(np.float64) - answer.values)
            gap = float(gaps.max()) if gaps.size else 0.0
            found.append(
                Comparison(
                    case=self.name,
                    answer=role,
                    difference=gap if math.isfinite(gap) else math.inf,
                    allowance=own * answer.sensitivity + answer.error_bound,
                    eps=own,
                    size=answer.size,
                )
            )
        return tuple(found)

    def check(self, computed: Mapping[str, Any], *, eps: float | None = None) -> None:
        """Do what :meth:`compare` does, and raise AssertionError where a difference is beyond what rounding explains.

        Raises
        ------
        AssertionError
            With the comparison in words, for a test.
        """
        beyond = [one.words() for one in self.compare(computed, eps=eps) if not one.conforms]
        if beyond:
            raise AssertionError("; ".join(beyond))
