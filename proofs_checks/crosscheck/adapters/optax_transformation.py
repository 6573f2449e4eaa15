"""Optax gradient transformations: objects with ``init`` and ``update``, and factories that return one."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..loading import Target
from ..probe import Blocks
from ..target import Session, Step, WrongResultError
from .arrays import LIBRARIES, dtype_name, host, raw

__all__ = ["OptaxTarget", "is_transformation"]


def is_transformation(thing: object) -> bool:
    """Return whether an object has ``init`` and ``update``."""
    return not isinstance(thing, type) and callable(getattr(thing, "init", None)) and callable(
        getattr(thing, "update", None)
    )  # fmt: skip


@dataclass(slots=True, kw_only=True)
class OptaxTarget:
    """A transformation or a factory; parameters are a dict of arrays.

    Transformations are pure, so one is made for each step size and its ``update`` compiled for each set of shapes; one
    that cannot be traced runs as it is.
    """

    target: Target
    is_factory: bool
    kind: str = "optax"
    works_in_place: bool = False
    dtypes: tuple[str, ...] = LIBRARIES["jax"].dtypes
    made: dict[float, tuple[Any, Any]] = field(default_factory=dict)
    cannot_be_traced: list[bool] = field(default_factory=lambda: [False])

    @property
    def takes_step_size(self) -> bool:
        """Return whether η reaches the factory."""
        return self.is_factory and self.target.step_size_name is not None

    def start(self, parameters: Blocks, *, step_size: float, dtype: str) -> Session:
        """Return a session."""
        import jax

        if step_size not in self.made:
            found = self.target.call(step_size=step_size) if self.is_factory else self.target.object
            if not is_transformation(found):
                raise WrongResultError(f"the factory gave {type(found).__name__}, which has no init and update")

            def stepped(*arguments: Any) -> Any:
                return _stepped(found.update, *arguments)

            self.made[step_size] = (found, jax.jit(stepped))
        transformation, compiled = self.made[step_size]
        return OptaxSession(self, transformation, compiled, parameters, dtype)


class OptaxSession:
    """A run of a transformation; the updates are added to the parameters."""

    def __init__(self, of: OptaxTarget, transformation: Any, compiled: Any, parameters: Blocks, dtype: str) -> None:
        self._of, self._transformation, self._compiled, self._dtype = of, transformation, compiled, dtype
        self._library = LIBRARIES["jax"]
        with self._library.context(dtype):
            self._parameters = {name: self._library.of(block, dtype) for name, block in parameters.items()}
            self._state = transformation.init(self._parameters)

    def step(self, gradients: Blocks, previous_gradients: Blocks | None) -> Step:
        """Make a step; see :class:`.target.Session`."""
        with self._library.context(self._dtype):
            native = {name: self._library.of(g, self._dtype) for name, g in gradients.items()}
            kept = {name: raw(g) for name, g in native.items()}
            self._parameters, self._state = self._moved(native)
            wrong = {dtype_name(x) for x in self._parameters.values()} - {self._dtype}
            return Step(
                parameters={name: host(x) for name, x in self._parameters.items()},
                dtype=min(wrong, default=self._dtype),
                changed=tuple(f"gradient {name!r}" for name, g in native.items() if raw(g) != kept[name]),
            )

    def save(self) -> object:
        """Return a copy of the state."""
        with self._library.context(self._dtype):
            return copy.deepcopy(self._state)

    def load(self, saved: object) -> None:
        """Go on from a state."""
        self._state = saved

    def _moved(self, native: dict[str, Any]) -> Any:
        if not self._of.cannot_be_traced[0]:
            try:
                return self._compiled(native, self._state, self._parameters)
            except WrongResultError:
                raise
            except Exception:
                result = _stepped(self._transformation.update, native, self._state, self._parameters)
                self._of.cannot_be_traced[0] = True
                return result
        return _stepped(self._transformation.update, native, self._state, self._parameters)


def _stepped(update: Callable[..., Any], gradients: Any, state: Any, parameters: dict[str, Any]) -> Any:
    """Return parameters and state; as ``optax.apply_updates``, the sum has the dtype of the parameters."""
    updates, state = update(gradients, state, parameters)
    if not isinstance(updates, dict):
        raise WrongResultError(f"update gave {type(updates).__name__} for a dict")
    return {name: (x + updates[name]).astype(x.dtype) for name, x in parameters.items()}, state
