"""Chain: a derivation while it is carried out. Every rule computes its claim from earlier ones, then checks the claim.

The check looks at the claim that goes on, not at how it was made: a chain that puts another claim in its place (see
:meth:`Chain.record`) must fail there or, for a hypothesis, at the conclusion.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import sympy as sp

from ..proof import Proposition, Step, settle
from ..rigorous.balls import Decision, all_of
from . import calculus
from .decide import Box, is_factor_nonnegative, nonnegative_number, nonnegative_on, vanishes
from .forms import collected, shortest
from .notation import N_SAMPLES, function, latex_of, sample, words
from .point import Point
from .relation import Relation, at_most, equals

__all__ = ["Chain", "Derived", "derivation"]

Found = TypeVar("Found")
Term = tuple[object, Relation]
Check = Callable[[Relation], Decision]

_TOLERANCE = 1e-11  # numerics: what the toolkit computes in double precision against fifty digits


@dataclass
class Chain:
    """The steps of one derivation so far.

    Attributes
    ----------
    steps : list of Step
        In order.
    """

    steps: list[Step] = field(default_factory=list)
    _used: dict[Callable[[Chain], Any], Any] = field(default_factory=dict)

    def given(self, relation: Relation, why: str) -> Relation:
        """Take a hypothesis of the statement, a definition, or a classical result that ``why`` names."""
        return self.record(relation, why, lambda _: Decision.PROVED, role="hypothesis")

    def use(self, lemma: Callable[[Chain], Found]) -> Found:
        """Carry out a lemma here, with its steps among those of this derivation, once."""
        if lemma not in self._used:
            self._used[lemma] = lemma(self)
        found: Found = self._used[lemma]
        return found

    def cite(self, lemma: Callable[[Chain], Relation], why: str) -> Relation:
        """Take the result of another derivation of the catalogue, which is carried out aside and not shown again."""
        relation, result = _carried_out(lemma)
        return self.record(relation, why, lambda claim: all_of([result, _is(relation)(claim)]), role="hypothesis")

    def equal(self, left: object, right: object, why: str) -> Relation:
        """Claim that two expressions are the same."""
        return self.record(equals(left, right), why, lambda claim: vanishes(claim.gap))

    def combine(
        self,
        terms: Sequence[Term],
        why: str,
        *,
        left: object | None = None,
        facts: Iterable[Relation] = (),
        tidy: Callable[[sp.Expr], sp.Expr] | None = None,
    ) -> Relation:
        """Add multiples of relations: ``Σ m·left ≤ Σ m·right``; multipliers of inequalities are ≥ 0 by ``facts``.

        With ``left`` given, the sum is written as a bound on ``left``.
        """
        products = [(sp.sympify(m), relation) for m, relation in terms]
        gap = sp.Add(*(m * relation.gap for m, relation in products))
        start = sp.Add(*(m * relation.left for m, relation in products)) if left is None else sp.sympify(left)
        known = [fact.gap for fact in facts]
        signs = [settle(relation.is_equation or is_factor_nonnegative(m, known)) for m, relation in products]
        made = Relation(start, (tidy or shortest)(start + gap), all(relation.is_equation for _, relation in products))
        return self.record(made, why, lambda claim: all_of([*signs, _stays_open(vanishes(claim.gap - gap))]))

    def put(self, relation: Relation, values: dict[sp.Expr, object], why: str) -> Relation:
        """Put in expressions for symbols of a relation that holds for all their values."""
        made = relation.at({old: sp.sympify(new) for old, new in values.items()})
        short = Relation(made.left, shortest(made.right), made.is_equation)
        return self.record(short, why, _is(made))

    def power(self, relation: Relation, exponent: object, why: str, *, facts: Iterable[Relation] = ()) -> Relation:
        """Raise both sides, the left one ≥ 0, to a power ≥ 0."""
        exponent = sp.sympify(exponent)
        known = [fact.gap for fact in facts]
        # both sides of an equation are ≥ 0 if one is
        starts = (relation.left, relation.right) if relation.is_equation else (relation.left,)
        fine = any(is_factor_nonnegative(s, known) for s in starts) and is_factor_nonnegative(exponent, known)
        left, right = (_raised(side, exponent) for side in (relation.left, relation.right))
        made = Relation(left, right, relation.is_equation)
        return self.record(made, why, lambda claim: all_of([settle(fine), _is(made)(claim)]))

    def nonnegative(self, expression: object, box: Box, why: str) -> Relation:
        """Claim that an expression is ≥ 0 on a box."""
        return self.ordered(0, expression, box, why)

    def ordered(self, low: object, high: object, box: Box, why: str) -> Relation:
        """Claim that ``low ≤ high`` on a box; for two numbers the box is empty."""

        def check(claim: Relation) -> Decision:
            return nonnegative_on(claim.gap, box) if claim.gap.free_symbols else nonnegative_number(claim.gap)

        return self.record(at_most(low, high), why, check, is_sharp=False)

    def rises(self, expression: sp.Expr, variable: sp.Symbol, box: Box, why: str) -> Relation:
        """Claim that an expression is ≥ 0 on a box: it is 0 at the lower end of a variable, and rises from there."""
        start = box[variable][0]

        def check(claim: Relation) -> Decision:
            at_start = vanishes(sp.limit(claim.gap, variable, start))
            return all_of([_stays_open(at_start), nonnegative_on(sp.diff(claim.gap, variable), box)])

        return self.record(at_most(0, expression), why, check, is_sharp=False)

    def highest(self, expression: sp.Expr, box: Box, at: dict[sp.Symbol, object], why: str) -> Relation:
        """Claim that an expression is on the box at most what it is, or tends to, at the point ``at`` of it."""
        value = expression
        for variable, place in at.items():
            value = sp.limit(value, variable, place)

        def check(claim: Relation) -> Decision:
            return all_of([nonnegative_on(claim.right - expression, box), vanishes(claim.right - value)])

        return self.record(at_most(expression, sp.simplify(value)), why, check)

    def least(
        self, expression: sp.Expr, variable: sp.Symbol, why: str, *, facts: Iterable[Relation] = ()
    ) -> tuple[Relation, Relation]:
        """Claim where a sum of powers is least over the positive numbers, and what it is there.

        Its slope falls short of 0 before the stationary point and exceeds it afterwards: the terms with a minus sign
        have the lower exponents.
        """
        slope = sp.expand(sp.diff(expression, variable))
        known = [fact.gap for fact in facts]
        turns = settle(calculus.turns_once(slope, variable, known))
        place = self.record(
            equals(variable, calculus.only_root(slope, variable)),
            why,
            lambda claim: all_of([vanishes(slope.subs(variable, claim.right)), turns]),
        )
        there = expression.subs(variable, place.right)
        name = function(f"min_{variable.name}", rf"\min_{{{latex_of(variable)}}}\left(#\right)")(expression)
        value = equals(name, collected(there))
        return place, self.record(value, "The value there.", lambda claim: vanishes(claim.right - there))

    def solve(self, equation: sp.Expr, unknown: sp.Symbol, why: str) -> Relation:
        """Claim the only solution ≥ 0 of ``equation = 0``; a linear equation has one solution of any sign."""
        found = shortest(calculus.only_root(equation, unknown))
        return self.record(equals(unknown, found), why, lambda claim: vanishes(equation.subs(unknown, claim.right)))

    def quadratic(
        self, relation: Relation, unknown: sp.Symbol, why: str, *, facts: Iterable[Relation] = ()
    ) -> Relation:
        """Solve ``ax² + bx ≤ c`` with a ≥ 0, c ≥ 0 for x ≥ 0: x is at most the larger root."""
        known = [fact.gap for fact in facts]
        c, b, a = (sp.expand(-relation.gap).coeff(unknown, n) for n in range(3))
        signs = settle(is_factor_nonnegative(a, known) and is_factor_nonnegative(-c, known))
        root = (sp.sqrt(b**2 - 4 * a * c) - b) / (2 * a)

        def check(claim: Relation) -> Decision:
            is_root = vanishes(sp.expand(-relation.gap).subs(unknown, claim.right))
            # the other root is not positive, as the product of both is c/a
            is_larger = vanishes(claim.right - root)
            return all_of([signs, _stays_open(is_root), _stays_open(is_larger)])

        return self.record(at_most(unknown, root), why, check)

    def integral(
        self,
        inside: sp.Expr,
        variable: sp.Symbol,
        low: object,
        high: object,
        why: str,
        *,
        primitive: sp.Expr | None = None,
    ) -> Relation:
        """Claim the value of an integral from an antiderivative, whose derivative is taken, and from quadrature."""
        low, high = sp.sympify(low), sp.sympify(high)
        primitive = sp.integrate(inside, variable) if primitive is None else primitive
        value = sp.simplify(sp.limit(primitive, variable, high, "-") - sp.limit(primitive, variable, low, "+"))

        def check(claim: Relation) -> Decision:
            seen = calculus.quadrature_agrees(inside, variable, low, high, claim.right)
            return all_of([vanishes(sp.diff(primitive, variable) - inside), vanishes(claim.right - value), seen])

        return self.record(equals(sp.Integral(inside, (variable, low, high)), value), why, check)

    def integrate(
        self, relation: Relation, variable: sp.Symbol, low: object, high: object, left: object, why: str
    ) -> Relation:
        """Integrate both sides; the integral of the left side is ``left``, by the fundamental theorem."""
        primitive = sp.integrate(relation.right, variable)
        ends = primitive.subs(variable, high) - primitive.subs(variable, low)
        made = Relation(sp.sympify(left), sp.simplify(ends), relation.is_equation)

        def check(claim: Relation) -> Decision:
            same = _stays_open(vanishes(claim.right - ends))
            return all_of([vanishes(sp.diff(primitive, variable) - relation.right), _is_left(made)(claim), same])

        return self.record(made, why, check)

    def limit(self, expression: sp.Expr, variable: sp.Symbol, point: object, why: str) -> Relation:
        """Claim a limit, from the right at a finite point."""
        point = sp.sympify(point)
        value = sp.simplify(sp.limit(shortest(expression), variable, point))
        made = equals(sp.Limit(expression, variable, point), value)

        def check(claim: Relation) -> Decision:
            seen = calculus.is_approached(expression, variable, point, claim.right)
            return all_of([vanishes(claim.right - value), seen])

        return self.record(made, why, check)

    def total(
        self, summand: sp.Expr, k: sp.Symbol, first: object, count: sp.Symbol, closed: object, why: str
    ) -> Relation:
        """Claim ``Σ_{k=first}^{count-1} summand = closed`` by induction over ``count``."""
        first = sp.sympify(first)

        def check(claim: Relation) -> Decision:
            start = vanishes(claim.right.subs(count, first))
            step = vanishes(claim.right.subs(count, count + 1) - claim.right - summand.subs(k, count))
            return all_of([start, step])

        return self.record(equals(sp.Sum(summand, (k, first, count - 1)), closed), why, check)

    def split(self, summand: sp.Expr, k: sp.Symbol, count: sp.Symbol, why: str) -> Relation:
        """Claim that a sum over ``k < count`` is the sum of its terms' sums, with constant factors in front."""

        def check(claim: Relation) -> Decision:
            grown = vanishes(calculus.increment(claim.right, k, count) - summand.subs(k, count))
            return all_of([_stays_open(grown), _stays_open(vanishes(calculus.empty(claim.right, count)))])

        whole = sp.Sum(summand, (k, 0, count - 1))
        return self.record(equals(whole, calculus.summed(collected(summand), k, count)), why, check)

    def accumulate(self, relation: Relation, k: sp.Symbol, count: sp.Symbol, why: str, *, ends: Relation) -> Relation:
        """Sum a relation of step k over ``k < count``; ``ends`` is the telescoping sum that is among its terms."""
        rest = relation.right - ends.left.function
        sums = [calculus.summed(part, k, count) for part in (relation.left, rest)]
        made = at_most(sums[0], ends.right + sums[1])

        def check(claim: Relation) -> Decision:
            grown = calculus.increment(claim.gap, k, count) - relation.gap.subs(k, count)
            return all_of([_stays_open(vanishes(grown)), _stays_open(vanishes(calculus.empty(claim.gap, count)))])

        return self.record(made, why, check)

    def series(self, expression: sp.Expr, variable: sp.Symbol, order: int, name: str, why: str) -> Relation:
        """Claim the Taylor polynomial of an expression at 0, from its derivatives; ``name`` is what it is called."""
        slopes = [sp.limit(sp.diff(expression, variable, n), variable, 0) for n in range(order + 1)]
        polynomial = sum((slope * variable**n / sp.factorial(n) for n, slope in enumerate(slopes)), sp.Integer(0))

        def check(claim: Relation) -> Decision:
            rest = sp.series(expression, variable, 0, order + 1).removeO() - claim.right
            return vanishes(sp.expand(rest))

        return self.record(equals(words(name), polynomial), why, check)

    def agree(
        self,
        what: str,
        derived: object,
        product: Callable[[Point], float],
        *,
        values: Callable[[int], Mapping[sp.Symbol, object]] | None = None,
        sequences: Callable[[int], Mapping[str, Sequence[object]]] | None = None,
    ) -> Relation:
        """Conclude that the toolkit computes what was derived, at ``N_SAMPLES`` joint rational values.

        Parameters
        ----------
        what : str
            The name of what is computed.
        derived : expression
            What was derived.
        product : callable
            From the values by name to the number that the toolkit gives.
        values : callable
            From the number of the sample to values of symbols that differ from their own samples.
        sequences : callable
            From the number of the sample to the terms of unknown sequences, by name; ``product`` has them as ``rows``.
        """

        def check(claim: Relation) -> Decision:
            results = []
            for which in range(N_SAMPLES):
                chosen = {one: sample(one, which, product.__module__) for one in claim.right.free_symbols}
                chosen |= {one: sp.sympify(value) for one, value in (values(which) if values else {}).items()}
                terms = sequences(which) if sequences else {}
                exact = calculus.with_terms(claim.right.subs(chosen, simultaneous=True).doit(), terms)
                found = product(Point(chosen, terms))
                results.append(abs(float(exact) - found) <= _TOLERANCE * (1 + abs(found)))
            return settle(all(results), not all(results))

        why = "Computed by the toolkit and from the derived formula at rational points."
        return self.record(equals(words(what), derived), why, check, role="conclusion")

    def rounded_up(self, what: str, derived: sp.Expr, product: float, *, digits: int) -> Relation:
        """Conclude that the toolkit's number is the derived one, rounded up to this many decimals."""

        def check(claim: Relation) -> Decision:
            unit = sp.Integer(10) ** digits
            found = float(sp.ceiling(claim.right * unit) / unit)
            return settle(abs(found - product) <= _TOLERANCE, abs(found - product) > _TOLERANCE)

        why = f"The toolkit has {product:g}, which is this rounded up to {digits} decimals."
        return self.record(equals(words(what), derived), why, check, role="conclusion")

    def covered(self, what: str, derived: sp.Expr, product: float) -> Relation:
        """Conclude that the toolkit's number is at least the derived one."""
        return self._compared(at_most(derived, words(what)), what, product)

    def not_beyond(self, what: str, derived: sp.Expr, product: float) -> Relation:
        """Conclude that the toolkit's number is at most the derived one."""
        return self._compared(at_most(words(what), derived), what, product)

    def _compared(self, relation: Relation, what: str, product: float) -> Relation:
        # the decimal number that the float stands for
        exact = sp.Rational(str(product))

        def check(claim: Relation) -> Decision:
            return nonnegative_number(claim.gap.subs(words(what), exact))

        why = f"The toolkit has {product:g}."
        return self.record(relation, why, check, role="conclusion", is_sharp=False)

    def record(
        self, relation: Relation, why: str, check: Check, *, role: str = "step", is_sharp: bool = True
    ) -> Relation:
        """Check a claim, write it down, and return it for the rules that follow.

        ``is_sharp`` says that the rule admits no claim but this one; else a weaker one could take its place.
        """
        step = Step(claim=relation.text, latex=relation.latex, justification=why, result=check(relation), role=role)
        self.steps.append(step)
        return relation


@dataclass(frozen=True)
class Derived:
    """A derivation as a function of no arguments, as a catalogue has it; ``carry_out`` fills a chain."""

    carry_out: Callable[[Chain], object]

    def __call__(self) -> tuple[Step, ...]:
        """Return the steps."""
        chain = Chain()
        self.carry_out(chain)
        return tuple(chain.steps)


def derivation(
    statement: str, name: str, carry_out: Callable[[Chain], object], *, cost: float = 10.0, time_limit: float = 60.0
) -> Proposition:
    """Return the entry of the catalogue for a derivation."""
    return Proposition(
        statement=statement, name=name, kind="symbolic", prove=Derived(carry_out), time_limit=time_limit, cost=cost
    )


@functools.cache
def _carried_out(lemma: Callable[[Chain], Relation]) -> tuple[Relation, Decision]:
    aside = Chain()
    relation = lemma(aside)
    return relation, all_of(step.result for step in aside.steps)


def _raised(side: sp.Expr, exponent: sp.Expr) -> sp.Expr:
    """Return a side of a relation to a power; 0 stays 0, as what is ≥ 0 has powers ≥ 0."""
    if side == 0 or side.has(sp.Limit, sp.Integral, sp.Sum):
        return side**exponent if side != 0 else side
    return collected(side**exponent)


def _is(made: Relation) -> Check:
    """Return the check that a claim is the relation ``made``; another one does not follow, but may be true."""

    def check(claim: Relation) -> Decision:
        return _stays_open(all_of([vanishes(claim.left - made.left), vanishes(claim.right - made.right)]))

    return check


def _is_left(made: Relation) -> Check:
    return lambda claim: _stays_open(vanishes(claim.left - made.left))


def _stays_open(found: Decision) -> Decision:
    """Return UNDECIDED for REFUTED: what does not follow by this rule may still be true."""
    return Decision.UNDECIDED if found is Decision.REFUTED else found
