"""Adapters: how a kind of target is called, one file each, and which kind an object is."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from ..loading import LoadingError, Target
from ..target import Adapter
from .arrays import LIBRARIES
from .keras_optimizer import KerasTarget, is_keras_class
from .optax_transformation import OptaxTarget, is_transformation
from .python_callable import FunctionTarget, MethodTarget, is_method
from .torch_optimizer import TorchTarget, is_torch_class

__all__ = ["ADAPTERS", "adapter_of"]

ADAPTERS: dict[str, Callable[[Target], Adapter]] = {
    "torch": lambda target: TorchTarget(target=target),
    "keras": lambda target: KerasTarget(target=target),
    "optax": lambda target: OptaxTarget(target=target, is_factory=not is_transformation(target.object)),
    "method": lambda target: MethodTarget(target=target, is_factory=not is_method(target.object)),
    "function": lambda target: FunctionTarget(target=target, is_factory=not target.is_step),
}
"""By kind. A recording is no adapter: nothing can be run on it."""


def adapter_of(target: Target, kind: str | None = None) -> Adapter:
    """Return how a target is called.

    A class is known by what it is derived from, an object by its methods, a function by its arguments; a factory is
    called once to see what it returns.

    Parameters
    ----------
    target : Target
        What the user names.
    kind : str, optional
        A name of ``ADAPTERS`` to use instead.

    Raises
    ------
    LoadingError
        If nothing fits.
    """
    if target.namespace not in LIBRARIES:
        raise LoadingError(f"namespace {target.namespace!r} is not one of {', '.join(LIBRARIES)}.")
    if kind is not None:
        if kind not in ADAPTERS:
            raise LoadingError(f"kind {kind!r} is not one of {', '.join(ADAPTERS)}.")
        return ADAPTERS[kind](target)
    return ADAPTERS[_kind(target)](target)


def _kind(target: Target) -> str:
    thing = target.object
    known = _known(thing)
    if known is not None:
        return known
    if is_torch_class(type(thing)):
        raise LoadingError("an optimizer of torch is bound to its parameters. Name its class, or a factory of one.")
    if not callable(thing):
        raise LoadingError(
            f"{type(thing).__name__} is no target: it can neither be called nor has it init and step, or init and "
            "update. Write a function (params, grads, state) -> (params, state)."
        )
    if target.is_step:
        return "function"
    if target.n_required >= 2:
        raise LoadingError(
            "it takes two or more arguments that are neither (params, grads, state) nor a step size. Give the others "
            "as options, or write a function without them."
        )
    return _kind_of_product(target)


def _known(thing: object) -> str | None:
    if is_torch_class(thing):
        return "torch"
    if is_keras_class(thing) or is_keras_class(type(thing)):
        return "keras"
    if is_transformation(thing):
        return "optax"
    return "method" if is_method(thing) else None


def _kind_of_product(target: Target) -> str:
    """Return the kind of what a factory gives: without arguments, else for parameters of torch, else of its library."""
    errors: list[Exception] = []
    for arguments in _trials(target):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                made = target.call(*arguments(), step_size=1.0)
        except Exception as error:
            errors.append(error)
            continue
        if is_torch_class(type(made)):
            return "torch"
        known = _known(made)
        if known is not None:
            return known
        if callable(made):
            return "function"
        raise LoadingError(f"the factory gave {type(made).__name__}, which is no optimizer of a known kind.")
    text = " ".join(str(errors[0]).split()) if errors else "torch is not installed"
    name = type(errors[0]).__name__ if errors else "ImportError"
    raise LoadingError(f"the factory raises {name}: {text[:300]}")


def _trials(target: Target) -> list[Callable[[], tuple[object, ...]]]:
    if not target.n_required:
        return [lambda: ()]
    import numpy as np

    small = np.asarray([[1.0, 0.0], [0.0, 0.5]])

    def for_torch() -> tuple[object, ...]:
        import torch

        return ([torch.nn.Parameter(LIBRARIES["torch"].of(small, "float32"))],)

    def flagged() -> tuple[object, ...]:
        return ([{"params": for_torch()[0], "use_muon": True}],)

    return [for_torch, flagged, lambda: (LIBRARIES[target.namespace].of(small, "float32"),)]
