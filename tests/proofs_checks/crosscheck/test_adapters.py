"""Adapters: every kind of target gives the same steps for the same method, and says what it wrote to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from proofs_checks.crosscheck.adapters import ADAPTERS, adapter_of
from proofs_checks.crosscheck.adapters.arrays import LIBRARIES, dtype_name, host, raw
from proofs_checks.crosscheck.loading import LoadingError, Target
from proofs_checks.crosscheck.observe import Observer, observe
from proofs_checks.crosscheck.probe import Blocks, Probe, Run
from schattor_theory import Schattor
from tests.proofs_checks.crosscheck import misbehaving

G = tuple({"w": np.array([[3.0, 1.0], [0.0, 2.0], [1.0, k + 1.0]])} for k in range(4))
START = {"w": np.array([[1.0, -2.0], [0.5, 0.25], [4.0, 8.0]])}
TWO = ({"a": np.eye(2), "b": np.ones((1, 3))},)


def probe(gradients: tuple[Blocks, ...] = G, start: Blocks = START, **changes: Any) -> Probe:
    return Probe(name="one", purpose="", start=start, gradients=gradients, **changes)


def run(target: object, made: Probe | None = None, dtype: str = "float64", **options: Any) -> Run:
    return observe(target, isolated=False, **options).run([made or probe()], dtype)[0]


def heavy_ball(params: Any, grads: Any, state: Any, step_size: float = 1.0, beta: float = 0.5) -> Any:
    state = grads if state is None else beta * state + grads
    return params - step_size * state, state


class HeavyBall:
    """The same as an object."""

    def __init__(self, learning_rate: float, beta: float = 0.5) -> None:
        self.learning_rate, self.beta = learning_rate, beta

    def init(self, params: Any) -> Any:
        return 0 * params

    def step(self, params: Any, grads: Any, state: Any) -> Any:
        state = self.beta * state + grads
        return params - self.learning_rate * state, state


def factory(step_size: float) -> Callable[..., Any]:
    def step(params: Any, grads: Any, state: Any) -> Any:
        return heavy_ball(params, grads, state, step_size)

    return step


def torch_factory(params: Any, lr: float) -> Any:
    import torch

    return torch.optim.SGD(params, lr=lr, momentum=0.5)


def optax_factory(learning_rate: float) -> Any:
    import optax

    return optax.sgd(learning_rate, momentum=0.5)


# SGD with heavy ball as every kind: (target, kind, what has to be installed)
KINDS = [
    (heavy_ball, "function", ""),
    (factory, "function", ""),
    (HeavyBall, "method", ""),
    (HeavyBall(0.25), "method", ""),
    (torch_factory, "torch", "torch"),
    (optax_factory, "optax", "optax"),
]


def expected(made: Probe, eta: float) -> list[np.ndarray]:
    x, b, found = made.start["w"], 0.0, []
    for g in made.gradients:
        b = 0.5 * b + g["w"]
        x = x - eta * b
        found.append(x)
    return found


@pytest.mark.parametrize("saved_before", [None, 2])
@pytest.mark.parametrize(("target", "kind", "needs"), KINDS, ids=lambda value: getattr(value, "__name__", None))
def test_every_kind_gives_the_steps_of_the_method(
    target: object, kind: str, needs: str, saved_before: int | None
) -> None:
    if needs:
        pytest.importorskip(needs, reason=f"{needs} is not installed")
    made = probe(step_size=0.25, saved_before=saved_before)
    observer = observe(target, isolated=False)
    (found,) = observer.run([made], "float64")
    assert (observer.kind, observer.problem, found.status, found.inputs_changed) == (kind, None, "ok", ())
    assert found.knows_step_size is observer.takes_step_size is not isinstance(target, HeavyBall)
    for x, y in zip(found.parameters, expected(made, 0.25), strict=True):
        np.testing.assert_array_equal(x["w"], y)


@pytest.mark.parametrize("namespace", list(LIBRARIES))
def test_a_function_gets_arrays_of_the_library_that_is_asked_for(namespace: str) -> None:
    pytest.importorskip(namespace, reason=f"{namespace} is not installed")
    seen = []

    def step(params: Any, grads: Any, state: Any) -> Any:
        seen.append((type(params).__module__.split(".")[0], dtype_name(params), dtype_name(grads)))
        return params - grads, state

    for dtype in LIBRARIES[namespace].dtypes:
        found = run(step, dtype=dtype, namespace=namespace)
        assert (found.status, found.dtype, found.result_dtype) == ("ok", dtype, dtype)
        np.testing.assert_array_equal(found.parameters[0]["w"], START["w"] - G[0]["w"])
        assert seen[-1][1:] == (dtype, dtype)
    library = {"array_api_strict": "array_api_strict", "jax": "jaxlib"}.get(namespace, namespace)
    assert {module for module, *_ in seen} <= {library, "jax"}


@pytest.mark.parametrize("namespace", ["numpy", "torch", "array_api_strict"])
def test_our_optimizer_is_a_target_as_it_is(namespace: str) -> None:
    pytest.importorskip(namespace, reason=f"{namespace} is not installed")
    opt = Schattor(3, 0.5, 0.9, look_ahead="nesterov")
    x, state = START["w"], opt.init(START["w"])
    found = run(opt, namespace=namespace)
    for k, g in enumerate(G):
        x, state = opt.step(x, g["w"], state)
        np.testing.assert_allclose(found.parameters[k]["w"], x, rtol=1e-13)


def test_recursive_momentum_gets_the_gradients_before_and_the_same_ones_where_there_are_none() -> None:
    opt = Schattor(2, 0.5, 0.9, "regularized", recursive=True)
    with_previous = run(opt, probe(previous_gradients=tuple(reversed(G))))
    x, state = START["w"], opt.init(START["w"])
    for k, g in enumerate(G):
        x, state = opt.step(x, g["w"], state, previous_gradient=G[-1 - k]["w"])
        np.testing.assert_array_equal(with_previous.parameters[k]["w"], x)
    without = run(opt)
    plain = run(Schattor(2, 0.5, 0.9, "regularized"))
    np.testing.assert_allclose(without.parameters[-1]["w"], plain.parameters[-1]["w"], rtol=1e-14)


def test_a_method_that_refuses_previous_gradients_runs_without_them() -> None:
    found = run(Schattor(2, 0.5, 0.9), probe(previous_gradients=G))
    assert found.status == "ok"


def test_several_blocks_are_a_dict_and_one_is_an_array_unless_it_is_refused() -> None:
    seen = []

    def by_name(params: Any, grads: Any, state: Any) -> Any:
        seen.append(sorted(params.keys()))
        return {name: params[name] - grads[name] for name in params.keys()}, state  # noqa: SIM118  # fails on an array

    assert run(by_name, probe(TWO, {name: 0 * x for name, x in TWO[0].items()})).status == "ok"
    assert run(by_name).status == "ok"
    assert seen[0] == ["a", "b"]
    assert {tuple(names) for names in seen[1:]} == {("w",)}
    assert run(misbehaving.fine, probe(TWO, TWO[0])).status.startswith("raised: TypeError")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (misbehaving.turns, "wrong shape: block 'w' came back as (2, 3), it was (3, 2) at step 0"),
        (misbehaving.returns_nothing, "wrong result: it gave NoneType, not (params, state) at step 0"),
        (misbehaving.forgets_the_state, "wrong result: it gave ndarray, not (params, state) at step 0"),
        (misbehaving.raises, "raised: ValueError: there is no way at step 0"),
        (misbehaving.leaves, "raised: SystemExit: 4 at step 0"),
        (lambda params, grads, state: (3.0, state), "wrong result: it gave float for parameters that are an array"),
    ],
)
def test_a_wrong_result_is_a_status(target: object, words: str) -> None:
    assert run(target).status.startswith(words)


def test_a_block_that_is_dropped_is_a_wrong_shape() -> None:
    found = run(misbehaving.drops_a_block, probe(TWO, TWO[0]))
    assert found.status == "wrong shape: block 'b' did not come back at step 0"


def test_another_dtype_and_numbers_that_are_none_are_in_the_run() -> None:
    found = run(misbehaving.widens, dtype="float32")
    assert (found.status, found.dtype, found.result_dtype) == ("ok", "float32", "float64")
    found = run(misbehaving.not_a_number)
    assert found.status == "ok"
    assert np.isnan(found.parameters[0]["w"]).all()


def test_a_dtype_that_the_kind_does_not_have_is_refused() -> None:
    found = run(misbehaving.fine, dtype="bfloat16")
    assert found.status.startswith("refused: a target of kind 'function' takes float32, float64, float16, not bfloat16")


@pytest.mark.parametrize(
    ("target", "changed"),
    [
        (misbehaving.fine, ()),
        (misbehaving.writes_to_gradients, ("gradient 'w' at step 0", "gradient 'w' at step 1")),
        (misbehaving.writes_to_parameters, ("parameters 'w' at step 0", "parameters 'w' at step 1")),
        (misbehaving.writes_to_state, ("state that was passed in at step 1",)),
    ],
)
def test_says_which_inputs_were_written_to(target: object, changed: tuple[str, ...]) -> None:
    assert run(target, probe(G[:2])).inputs_changed == changed


def test_says_that_a_gradient_of_torch_was_overwritten() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")

    class Overwrites(torch.optim.SGD):
        def step(self, closure: Any = None) -> Any:
            super().step()
            for p in self.param_groups[0]["params"]:
                p.grad.mul_(0.5)

    assert run(Overwrites, probe(G[:1])).inputs_changed == ("gradient 'w' at step 0",)
    assert run(torch.optim.SGD, probe(G[:1])).inputs_changed == ()


def test_a_state_that_is_not_written_is_lost_when_it_is_restored() -> None:
    whole, restored = run(misbehaving.Accumulates), run(misbehaving.Accumulates, probe(saved_before=2))
    np.testing.assert_array_equal(whole.parameters[1]["w"], restored.parameters[1]["w"])
    assert not np.array_equal(whole.parameters[2]["w"], restored.parameters[2]["w"])


def test_a_run_does_not_depend_on_the_runs_before() -> None:
    observer = observe(misbehaving.Accumulates)
    first = observer.run([probe(step_size=0.5)])[0]
    observer.run([probe(step_size=2.0)])
    again = observe(misbehaving.Accumulates).run([probe(step_size=0.5)])[0]
    np.testing.assert_array_equal(first.parameters[-1]["w"], again.parameters[-1]["w"])


def test_a_probe_is_run_once_and_known_by_its_inputs() -> None:
    count = []

    def counts(params: Any, grads: Any, state: Any) -> Any:
        count.append(1)
        return params - grads, state

    observer: Observer = observe(counts)
    one, other = probe(G[:1]), probe(G[1:2])
    runs = observer.run([one, other, one])
    assert len(count) == 2
    assert runs[0] is runs[2]
    assert not np.array_equal(runs[0].parameters[0]["w"], runs[1].parameters[0]["w"])
    observer.run([one], "float64")
    assert len(count) == 3


def test_options_reach_the_target_and_fix_its_step_size() -> None:
    found = run(heavy_ball, options={"beta": 0.0, "step_size": 0.5}, made=probe(step_size=4.0))
    assert not found.knows_step_size
    np.testing.assert_array_equal(found.parameters[0]["w"], START["w"] - 0.5 * G[0]["w"])
    np.testing.assert_array_equal(found.parameters[1]["w"], found.parameters[0]["w"] - 0.5 * G[1]["w"])


def test_the_step_size_reaches_what_a_factory_makes() -> None:
    found = run(lambda: heavy_ball, probe(step_size=0.25))
    assert found.knows_step_size
    np.testing.assert_array_equal(found.parameters[0]["w"], START["w"] - 0.25 * G[0]["w"])
    assert not run(lambda: misbehaving.returns_nothing).knows_step_size


def test_a_transformation_that_cannot_be_traced_runs_as_it_is() -> None:
    pytest.importorskip("optax", reason="optax is not installed")

    class Untraceable:
        def init(self, params: Any) -> Any:
            return ()

        def update(self, grads: Any, state: Any, params: Any) -> Any:
            size = float(np.asarray(grads["w"]).max())  # no value under jit
            return {"w": -grads["w"] / size}, state

    found = run(Untraceable(), probe(G[:1]))
    assert found.status == "ok"
    np.testing.assert_allclose(found.parameters[0]["w"], START["w"] - G[0]["w"] / 3, rtol=1e-15)


def test_float64_of_jax_does_not_change_what_float32_computes_in() -> None:
    jax = pytest.importorskip("jax", reason="jax is not installed")
    optax = pytest.importorskip("optax", reason="optax is not installed")
    seen = []

    def update(grads: Any, state: Any, params: Any = None) -> Any:
        seen.append(str(jax.numpy.asarray(0.5).dtype))
        return grads, state

    target = optax.GradientTransformation(lambda params: (), update)
    observer = observe(target)
    observer.run([probe(G[:1])], "float64")
    observer.run([probe(G[:1])], "float32")
    assert seen == ["float64", "float32"]


@pytest.mark.parametrize("kind", list(ADAPTERS))
def test_a_kind_can_be_said(kind: str) -> None:
    assert adapter_of(Target(object=heavy_ball), kind).kind == kind


def test_refuses_a_kind_or_a_library_that_it_does_not_know() -> None:
    with pytest.raises(LoadingError, match="kind 'tensorflow' is not one of torch, keras, optax, method, function"):
        adapter_of(Target(object=heavy_ball), "tensorflow")
    with pytest.raises(LoadingError, match="namespace 'fortran' is not one of numpy, torch, array_api_strict, jax"):
        adapter_of(Target(object=heavy_ball, namespace="fortran"))


def test_an_optimizer_that_is_bound_to_its_parameters_is_refused() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(2, 2))], lr=0.1)
    assert "Name its class, or a factory of one" in (observe(optimizer).problem or "")


def test_a_kind_that_is_said_wrongly_is_a_status() -> None:
    assert run(factory, kind="method").status == (
        "wrong result: the factory gave function, which has no init and step at step 0"
    )
    assert run(HeavyBall, kind="function").status == (
        "wrong result: the factory gave HeavyBall, not a function at step 0"
    )


@pytest.mark.parametrize("name", ["raw", "host"])
def test_arrays_are_compared_by_value_also_where_they_are_no_numbers(name: str) -> None:
    read = {"raw": raw, "host": lambda x: host(x).tobytes()}[name]
    x = np.array([[np.nan, np.inf, -0.0]], dtype=np.float32)
    assert read(x) == read(x.copy())
    assert read(x) != read(np.array([[np.nan, np.inf, 0.0]], dtype=np.float32))
