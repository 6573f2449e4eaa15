"""Functions ``(params, grads, state) -> (params, state)`` and objects with ``init`` and ``step``, on any array library.

The parameters are one array where a probe has a single block, and a dict of arrays where it has several or where the
target refuses a bare array. The state is None at first, or what ``init(params)`` returns.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..loading import Target
from ..probe import ONE, Blocks
from ..target import Session, Step, WrongResultError
from .arrays import LIBRARIES, Library, dtype_name, host, raw

__all__ = ["FunctionTarget", "MethodTarget"]


def is_method(thing: object) -> bool:
    """Return whether an object has ``init`` and ``step``."""
    return not isinstance(thing, type) and callable(getattr(thing, "init", None)) and callable(
        getattr(thing, "step", None)
    )  # fmt: skip


@dataclass(slots=True, kw_only=True)
class FunctionTarget:
    """A function of parameters, gradients and state, or a factory that returns one.

    Attributes
    ----------
    target : Target
        The function or the factory.
    is_factory : bool
        Which of the two; a factory is called once for each run.
    """

    target: Target
    is_factory: bool
    kind: str = "function"
    works_in_place: bool = False
    refuses_arrays: list[bool] = field(default_factory=lambda: [False])
    product_takes: list[bool] = field(default_factory=list)

    @property
    def dtypes(self) -> tuple[str, ...]:
        """Return the dtypes of the array library."""
        return LIBRARIES[self.target.namespace].dtypes

    @property
    def takes_step_size(self) -> bool:
        """Return whether η reaches the function, or its factory, or what the factory makes."""
        if self.target.step_size_name is not None or not self.is_factory or self.target.n_required:
            return self.target.step_size_name is not None
        if not self.product_takes:
            self.product_takes.append(Target(object=self.target.call()).step_size_name is not None)
        return self.product_takes[0]

    def start(self, parameters: Blocks, *, step_size: float, dtype: str) -> Session:
        """Return a session."""
        library = LIBRARIES[self.target.namespace]
        with library.context(dtype):
            native = {name: library.of(block, dtype) for name, block in parameters.items()}
        if self.is_factory:
            call = _made(self.target, native, step_size)
            if not callable(call):
                raise WrongResultError(f"the factory gave {type(call).__name__}, not a function")
            inner = Target(object=call)
        else:
            call, inner = self.target.object, self.target
        previous = inner.previous_name

        def step(params: Any, grads: Any, state: Any, before: Any) -> Any:
            extra = {} if previous is None else {previous: before}
            return Target(object=call, options={**inner.options, **extra}).call(
                params, grads, state, step_size=step_size
            )

        return FunctionSession(step, lambda params: None, native, library, dtype, self.refuses_arrays)


@dataclass(slots=True, kw_only=True)
class MethodTarget:
    """An object with ``init(params) -> state`` and ``step(params, grads, state) -> (params, state)``, or a factory."""

    target: Target
    is_factory: bool
    kind: str = "method"
    works_in_place: bool = False
    refuses_arrays: list[bool] = field(default_factory=lambda: [False])
    refuses_previous: list[bool] = field(default_factory=lambda: [False])

    @property
    def dtypes(self) -> tuple[str, ...]:
        """Return the dtypes of the array library."""
        return LIBRARIES[self.target.namespace].dtypes

    @property
    def takes_step_size(self) -> bool:
        """Return whether η reaches the factory; an object has its own."""
        return self.is_factory and self.target.step_size_name is not None

    def start(self, parameters: Blocks, *, step_size: float, dtype: str) -> Session:
        """Return a session."""
        library = LIBRARIES[self.target.namespace]
        with library.context(dtype):
            native = {name: library.of(block, dtype) for name, block in parameters.items()}
        made = _made(self.target, native, step_size) if self.is_factory else self.target.object
        if not is_method(made):
            raise WrongResultError(f"the factory gave {type(made).__name__}, which has no init and step")
        previous = Target(object=made.step).previous_name

        def step(params: Any, grads: Any, state: Any, before: Any) -> Any:
            if previous is None or self.refuses_previous[0]:
                return made.step(params, grads, state)
            try:
                return made.step(params, grads, state, **{previous: before})
            except Exception:
                # a method that has the argument for another of its options refuses it; nothing was changed by then
                result = made.step(params, grads, state)
                self.refuses_previous[0] = True
                return result

        return FunctionSession(step, made.init, native, library, dtype, self.refuses_arrays)


def _made(target: Target, native: Mapping[str, Any], step_size: float) -> Any:
    if not target.n_required:
        return target.call(step_size=step_size)
    return target.call(next(iter(native.values())) if list(native) == [ONE] else dict(native), step_size=step_size)


class FunctionSession:
    """A run of a pure function: the caller holds parameters and state."""

    def __init__(
        self,
        step: Callable[[Any, Any, Any, Any], Any],
        init: Callable[[Any], Any],
        parameters: dict[str, Any],
        library: Library,
        dtype: str,
        refuses_arrays: list[bool],
    ) -> None:
        self._step, self._library, self._dtype = step, library, dtype
        self._init, self._parameters = init, parameters
        self._state: Any = None
        self._has_begun, self._refuses_arrays = False, refuses_arrays

    def step(self, gradients: Blocks, previous_gradients: Blocks | None) -> Step:
        """Make a step; see :class:`.target.Session`."""
        with self._library.context(self._dtype):
            return self._stepped(gradients, previous_gradients)

    def _stepped(self, gradients: Blocks, previous_gradients: Blocks | None) -> Step:
        native = {name: self._library.of(g, self._dtype) for name, g in gradients.items()}
        # the gradients of a probe do not depend on the parameters: where none is said it is the same one
        same = gradients if previous_gradients is None else previous_gradients
        before = {name: self._library.of(g, self._dtype) for name, g in same.items()}
        kept = {name: raw(g) for name, g in native.items()}
        held = {name: raw(x) for name, x in self._parameters.items()}
        if not self._has_begun:
            result, state = self._first(native, before)
        else:
            result, state = self._called(native, before)
        changed = [f"gradient {name!r}" for name, g in native.items() if raw(g) != kept[name]]
        changed += [f"parameters {name!r}" for name, x in self._parameters.items() if raw(x) != held[name]]
        if state is not None and state != _content(self._state):
            changed.append("state that was passed in")
        self._parameters, self._state = _pair(result, list(gradients))
        names = {dtype_name(x) for x in self._parameters.values()}
        wrong = names - {self._dtype}
        return Step(
            parameters={name: host(x) for name, x in self._parameters.items()},
            dtype=min(wrong, default=self._dtype),
            changed=tuple(changed),
        )

    def save(self) -> object:
        """Return a copy of the state that shares nothing with it."""
        with self._library.context(self._dtype):
            try:
                return pickle.loads(pickle.dumps(self._state))
            except Exception:
                return copy.deepcopy(self._state)

    def load(self, saved: object) -> None:
        """Go on from a state."""
        self._state, self._has_begun = saved, True

    def _first(self, native: dict[str, Any], before: dict[str, Any]) -> tuple[Any, bytes | None]:
        if len(native) > 1 or list(native) != [ONE] or self._refuses_arrays[0]:
            self._state = self._init(self._parameters)
            return self._begun(native, before, bare=False)
        try:
            self._state = self._init(self._parameters[ONE])
            return self._begun(native, before, bare=True)
        except Exception:
            try:
                self._state = self._init(self._parameters)
                result = self._begun(native, before, bare=False)
                _pair(result[0], list(native), is_mapping=True)
            except Exception:
                self._has_begun = False
            else:
                self._refuses_arrays[0] = True
                return result
            raise

    def _begun(self, native: dict[str, Any], before: dict[str, Any], *, bare: bool) -> tuple[Any, bytes | None]:
        result = self._called(native, before, bare=bare)
        self._has_begun = True
        return result

    def _called(
        self, native: dict[str, Any], before: dict[str, Any], *, bare: bool | None = None
    ) -> tuple[Any, bytes | None]:
        bare = (list(native) == [ONE] and not self._refuses_arrays[0]) if bare is None else bare
        content = _content(self._state)
        if bare:
            return self._step(self._parameters[ONE], native[ONE], self._state, before[ONE]), content
        return self._step(dict(self._parameters), native, self._state, before), content


def _content(state: Any) -> bytes | None:
    """Return what is compared to tell whether a state was written to; None where it cannot be told."""
    if state is None:
        return None
    try:
        return pickle.dumps(state)
    except Exception:
        return None


def _pair(result: Any, names: list[str], *, is_mapping: bool = False) -> tuple[dict[str, Any], Any]:
    if not isinstance(result, tuple) or len(result) != 2:
        got = f"a tuple of {len(result)}" if isinstance(result, tuple) else type(result).__name__
        raise WrongResultError(f"it gave {got}, not (params, state)")
    parameters, state = result
    if isinstance(parameters, Mapping):
        return dict(parameters), state
    if len(names) > 1 or is_mapping:
        raise WrongResultError(f"it gave {type(parameters).__name__} for parameters that are a dict")
    if not hasattr(parameters, "shape"):
        raise WrongResultError(f"it gave {type(parameters).__name__} for parameters that are an array")
    return {names[0]: parameters}, state
