"""Subclasses of ``torch.optim.Optimizer``, and factories ``params -> optimizer``."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from ..loading import Target
from ..probe import Blocks
from ..target import Session, Step, WrongResultError
from .arrays import LIBRARIES, dtype_name, host, raw

__all__ = ["GROUPS", "TorchTarget", "is_torch_class"]

GROUPS: tuple[dict[str, object] | None, ...] = (None, {"use_muon": True})
"""Ways to pass the parameters, the first that is accepted: a list of them, or one group with a flag."""


def is_torch_class(thing: object) -> bool:
    """Return whether it is a subclass of ``torch.optim.Optimizer``, without importing torch."""
    return isinstance(thing, type) and any(
        c.__name__ == "Optimizer" and c.__module__.startswith("torch.optim") for c in thing.__mro__
    )


@dataclass(slots=True, kw_only=True)
class TorchTarget:
    """A class or a factory; one optimizer is made for each run."""

    target: Target
    kind: str = "torch"
    works_in_place: bool = True
    dtypes: tuple[str, ...] = LIBRARIES["torch"].dtypes
    group: list[int] = field(default_factory=list)

    @property
    def takes_step_size(self) -> bool:
        """Return whether η reaches the constructor."""
        return self.target.step_size_name is not None

    def start(self, parameters: Blocks, *, step_size: float, dtype: str) -> Session:
        """Return a session."""
        import torch

        library = LIBRARIES["torch"]
        held = {name: torch.nn.Parameter(library.of(block, dtype)) for name, block in parameters.items()}
        return TorchSession(self._made(list(held.values()), step_size), held, dtype)

    def _made(self, parameters: list[Any], step_size: float) -> Any:
        first: Exception | None = None
        for i in self.group or range(len(GROUPS)):
            flag = GROUPS[i]
            given = list(parameters) if flag is None else [{"params": list(parameters), **flag}]
            try:
                made = self.target.call(given, step_size=step_size)
            except Exception as error:
                first = first or error
                continue
            if not is_torch_class(type(made)):
                raise WrongResultError(f"the factory gave {type(made).__name__}, not a torch Optimizer")
            self.group[:] = [i]
            return made
        raise first if first is not None else WrongResultError("it gave no optimizer")


class TorchSession:
    """A run of a torch optimizer: parameters change in place, gradients are in ``p.grad``."""

    def __init__(self, optimizer: Any, parameters: dict[str, Any], dtype: str) -> None:
        self._optimizer, self._parameters, self._dtype = optimizer, parameters, dtype

    def step(self, gradients: Blocks, previous_gradients: Blocks | None) -> Step:
        """Make a step; see :class:`.target.Session`."""
        array = LIBRARIES["torch"].of
        kept = {}
        for name, p in self._parameters.items():
            p.grad = array(gradients[name], self._dtype)
            kept[name] = raw(p.grad)
        grads = {name: p.grad for name, p in self._parameters.items()}
        self._optimizer.step()
        wrong = {dtype_name(p) for p in self._parameters.values()} - {self._dtype}
        return Step(
            parameters={name: host(p) for name, p in self._parameters.items()},
            dtype=min(wrong, default=self._dtype),
            changed=tuple(f"gradient {name!r}" for name, g in grads.items() if raw(g) != kept[name]),
        )

    def save(self) -> object:
        """Return a copy of the state dict."""
        return copy.deepcopy(self._optimizer.state_dict())

    def load(self, saved: object) -> None:
        """Load a state dict."""
        self._optimizer.load_state_dict(saved)
