"""Streams: the numbers depend on the axes and the number of trials alone; singular values at every scale."""

from __future__ import annotations

import math
import threading
import tracemalloc

import numpy as np
import pytest

from proofs_checks.moments.stream import BLOCK, Functional, Statistics, log_e_value, norms_of, singular_values, stream
from schattor_theory.errors import NonFiniteError, ParameterError, ShapeError
from synthetic.martingales import MARTINGALES

AXES = {"test": "stream"}
FUNCTIONALS = [Functional(1.0, 1.5, 4.0), Functional(math.inf, 2.0)]


def ginibre():
    return MARTINGALES["ginibre"].build((3, 2), 4)


def run(trials: int, **options):
    return stream(ginibre().sums, FUNCTIONALS, axes=AXES, trials=trials, n_groups=5, **options)


def same(first, second, *, rel: float = 0.0) -> bool:
    return all(
        a.count == b.count and a.largest == b.largest and math.isclose(a.mean, b.mean, rel_tol=rel)
        and np.allclose(a.group_sums, b.group_sums, rtol=rel, atol=0)
        and np.allclose(a.log_capital, b.log_capital, rtol=rel, atol=rel)
        for a, b in zip(first, second, strict=True)
    )  # fmt: skip


def test_threads_change_nothing():
    assert same(run(3 * BLOCK + 7), run(3 * BLOCK + 7, jobs=4))


@pytest.mark.parametrize("pause", [1, BLOCK, BLOCK + 3])
def test_pause_changes_nothing_but_rounding(pause):
    whole = run(2 * BLOCK + 11)
    assert same(whole, run(2 * BLOCK + 11, after=run(pause)), rel=1e-12)


def test_statistics_survive_a_file():
    found = run(BLOCK)
    assert same(found, [Statistics.from_dict(one.to_dict()) for one in found])


def test_stream_agrees_with_a_stored_loop():
    kept = []

    def sample(rng, trials):
        kept.append(ginibre().sums(rng, trials))
        return kept[-1]

    found = stream(sample, FUNCTIONALS, axes=AXES, trials=2 * BLOCK, n_groups=3)[0]
    x = np.array([(np.linalg.norm(s, "nuc") / 4.0) ** 1.5 for s in np.concatenate(kept)])
    assert found.mean == pytest.approx(x.mean(), rel=1e-12)
    assert found.variance == pytest.approx(x.var(ddof=1), rel=1e-10)
    assert found.largest == pytest.approx(x.max(), rel=1e-13)
    assert found.group_sums == pytest.approx([x[i::3].sum() for i in range(3)], rel=1e-12)


def test_other_axes_are_other_trials():
    other = stream(ginibre().sums, FUNCTIONALS, axes={"test": "other"}, trials=BLOCK, n_groups=5)
    assert not same(run(BLOCK), other, rel=1e-6)


def test_blocks_do_not_repeat():
    first = run(BLOCK)[0]
    both = run(2 * BLOCK)[0]
    assert both.mean * 2 - first.mean != pytest.approx(first.mean, rel=1e-6)


def test_memory_does_not_grow_with_trials():
    def peak(trials: int) -> int:
        tracemalloc.start()
        run(trials)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    run(BLOCK)
    # ten times the trials would be another 10 blocks of 25 kB if they were kept
    assert peak(20 * BLOCK) < peak(2 * BLOCK) + 100_000


def test_progress_counts_every_trial():
    seen = []
    run(2 * BLOCK + 5, progress=seen.append)
    assert sum(seen) == 2 * BLOCK + 5


def test_error_in_a_thread_ends_the_stream():
    started = threading.active_count()

    def sample(rng, trials):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stream(sample, FUNCTIONALS, axes=AXES, trials=9 * BLOCK, jobs=2)
    assert threading.active_count() == started


@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
def test_singular_values_at_every_scale(scale):
    x = np.diag([3.0, 4.0, 0.0])[None] * scale
    assert singular_values(x)[0] == pytest.approx([4 * scale, 3 * scale, 0.0])
    assert norms_of(singular_values(x), 2.0)[0] == pytest.approx(5 * scale, rel=1e-14)
    assert norms_of(singular_values(x), math.inf)[0] == pytest.approx(4 * scale, rel=1e-14)


def test_singular_values_of_complex_and_odd_shapes():
    assert singular_values(np.diag([-1, -1 - 1j])[None])[0] == pytest.approx([math.sqrt(2), 1.0])
    assert singular_values(np.zeros((4, 0, 3))).shape == (4, 0)
    assert norms_of(np.zeros((4, 0)), 1.0).tolist() == [0.0] * 4
    assert singular_values(np.ones((2, 1, 5)))[:, 0] == pytest.approx([math.sqrt(5)] * 2)


def test_e_value_sees_an_excess_and_nothing_else():
    rng = np.random.default_rng(0)
    lighter = Statistics.of_values(rng.exponential(0.95, 4000), 0, 1)
    heavier = Statistics.of_values(rng.exponential(1.3, 4000), 0, 1)
    assert log_e_value(lighter) < math.log(20)
    assert log_e_value(heavier) > math.log(1e8)


def test_e_value_rarely_refutes_a_true_mean_with_infinite_variance():
    # Ville: at 1/α = 20 at most 5 % of runs; Pareto of index 1.2 with mean 1; P(Bin(200, 0.05) > 27) < 1e-6
    rng = np.random.default_rng(1)
    x = rng.uniform(size=(200, 1000)) ** (-1 / 1.2) / 6
    assert sum(log_e_value(Statistics.of_values(row, 0, 1)) >= math.log(20) for row in x) <= 27


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: run(0), ParameterError, "stream: trials must be an integer >= 1, got trials=0."),
        (lambda: run(5, jobs=0), ParameterError, "stream: jobs must be an integer >= 1, got jobs=0."),
        (lambda: Functional(1.0, 0.0), ParameterError, "Functional: moment_order must be a positive finite number"),
        (lambda: Functional(-1.0, 1.0), ParameterError, "Functional: q must be a positive finite number, got q=-1.0."),
        (lambda: Functional(1.0, 1.0, 0.0), ParameterError, "Functional: scale must be a positive finite number"),
        (lambda: singular_values(np.ones((2, 2))), ShapeError,
         "singular_values: stack must have the shape (trials, m, n), got stack=(2, 2)."),
        (lambda: singular_values(np.array([[[1.0]], [[math.inf]]])), NonFiniteError,
         "singular_values: stack[1] must be finite"),
        (lambda: singular_values(np.array([[[math.nan]]])), NonFiniteError, "singular_values: stack[0] must be finite"),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(message)
