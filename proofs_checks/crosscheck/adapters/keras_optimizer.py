"""Keras optimizers: subclasses, objects (remade from their configuration), and factories that return one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..loading import Target
from ..probe import Blocks
from ..target import Session, Step, WrongResultError
from .arrays import dtype_name, host

__all__ = ["KerasTarget", "is_keras_class"]


def is_keras_class(thing: object) -> bool:
    """Return whether it is a subclass of the Keras optimizer, without importing Keras."""
    return isinstance(thing, type) and any(
        c.__name__ == "BaseOptimizer" and c.__module__.startswith("keras.") for c in thing.__mro__
    )


@dataclass(slots=True, kw_only=True)
class KerasTarget:
    """A class, an object or a factory; one optimizer is made for each run, with one variable a block."""

    target: Target
    kind: str = "keras"
    works_in_place: bool = True
    dtypes: tuple[str, ...] = ("float32", "float64", "bfloat16", "float16")

    @property
    def takes_step_size(self) -> bool:
        """Return whether η reaches the constructor."""
        return not is_keras_class(type(self.target.object)) and self.target.step_size_name is not None

    def start(self, parameters: Blocks, *, step_size: float, dtype: str) -> Session:
        """Return a session."""
        import keras

        thing = self.target.object
        if is_keras_class(type(thing)):
            made = type(thing).from_config(thing.get_config())
        else:
            made = self.target.call(step_size=step_size)
        if not is_keras_class(type(made)):
            raise WrongResultError(f"the factory gave {type(made).__name__}, not a Keras optimizer")
        variables = {name: keras.Variable(block, dtype=dtype, name=name) for name, block in parameters.items()}
        made.build(list(variables.values()))
        return KerasSession(made, variables, dtype)


class KerasSession:
    """A run of a Keras optimizer: variables change in place."""

    def __init__(self, optimizer: Any, variables: dict[str, Any], dtype: str) -> None:
        self._optimizer, self._variables, self._dtype = optimizer, variables, dtype

    def step(self, gradients: Blocks, previous_gradients: Blocks | None) -> Step:
        """Make a step; see :class:`.target.Session`."""
        import keras

        native = {name: keras.ops.convert_to_tensor(gradients[name], dtype=self._dtype) for name in self._variables}
        kept = {name: _host(g).tobytes() for name, g in native.items()}
        self._optimizer.apply(list(native.values()), list(self._variables.values()))
        wrong = {dtype_name(v) for v in self._variables.values()} - {self._dtype}
        return Step(
            parameters={name: _host(v.value) for name, v in self._variables.items()},
            dtype=min(wrong, default=self._dtype),
            changed=tuple(f"gradient {name!r}" for name, g in native.items() if _host(g).tobytes() != kept[name]),
        )

    def save(self) -> object:
        """Return a copy of the optimizer's own variables, as Keras stores them."""
        store: dict[str, Any] = {}
        self._optimizer.save_own_variables(store)
        return {name: np.array(value) for name, value in store.items()}

    def load(self, saved: object) -> None:
        """Read them back."""
        self._optimizer.load_own_variables(saved)


def _host(x: Any) -> np.ndarray:
    import keras

    return host(x if hasattr(x, "detach") else keras.ops.convert_to_numpy(keras.ops.cast(x, "float64")))
