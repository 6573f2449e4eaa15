"""From what a user names to an object, and from an object to the arguments that it takes."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..doctor import EXTRAS

__all__ = ["PREVIOUS", "STEP_SIZES", "LoadingError", "Target", "folder_of", "load"]

STEP_SIZES = ("lr", "learning_rate", "step_size")
"""Names under which a target takes η, in the order of preference."""

PREVIOUS = ("previous_gradient", "previous_gradients", "previous_grads", "previous_grad")
"""Names under which a target takes the gradient of the same sample at the parameters before."""


class LoadingError(Exception):
    """Why a target cannot be used, in words for the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An object to be checked, before it is known of what kind it is.

    Attributes
    ----------
    object : object
        A class, a factory, a function or an object.
    options : mapping
        Keyword arguments that the user gives.
    namespace : str
        Array library of a target that takes any: a name of ``LIBRARIES``.
    """

    object: Any
    options: Mapping[str, object] = field(default_factory=dict)
    namespace: str = "numpy"

    @property
    def step_size_name(self) -> str | None:
        """Return under which name it takes η; None where it takes none or the user fixes it."""
        if not callable(self.object):
            return None
        names = [p.name for p in _parameters(self.object) if p.kind not in (p.VAR_POSITIONAL, p.POSITIONAL_ONLY)]
        if any(name in self.options for name in STEP_SIZES):
            return None
        return next((name for name in STEP_SIZES if name in names), None)

    @property
    def previous_name(self) -> str | None:
        """Return under which name it takes gradients at the parameters before."""
        names = [p.name for p in _parameters(self.object)] if callable(self.object) else []
        return next((name for name in PREVIOUS if name in names), None)

    @property
    def n_required(self) -> int:
        """Return how many positional arguments are left to be given, the step size and the options not counted."""
        return len(self._positional(required=True))

    @property
    def n_positional(self) -> int:
        """Return how many positional arguments it takes at most, the step size and the options not counted."""
        return len(self._positional(required=False))

    @property
    def is_step(self) -> bool:
        """Return whether it has the arguments of ``(params, grads, state)`` rather than those of a factory."""
        return self.n_required >= 2 and self.n_positional >= 3

    def _positional(self, *, required: bool) -> list[str]:
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        given = {*STEP_SIZES, *PREVIOUS, *self.options}
        return [p.name for p in _parameters(self.object)
                if p.kind in kinds and p.name not in given and (p.default is p.empty or not required)]  # fmt: skip

    def call(self, *arguments: object, step_size: float | None = None) -> Any:
        """Return what it gives for the arguments, the options, and the step size where it takes one."""
        extra = {} if self.step_size_name is None or step_size is None else {self.step_size_name: step_size}
        return self.object(*arguments, **extra, **self.options)


def _parameters(call: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(call).parameters.values())
    except (TypeError, ValueError):  # some extension types have no signature
        return []


def load(spec: str) -> object:
    """Return the object that ``module:name`` or ``file.py:name`` says; the name may have dots.

    Raises
    ------
    LoadingError
        If there is no such module or name, or importing it fails.
    """
    place, colon, name = spec.rpartition(":")
    if not colon or not place or not name:
        way_out = "Write module:name, file.py:name, or a .npz or .safetensors file."
        raise LoadingError(f"{spec!r} names no target. {way_out}")
    try:
        with _searched(folder_of(spec)), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of other people's modules
            found: object = _module(place)
    except LoadingError:
        raise
    except (Exception, SystemExit) as error:
        text = " ".join(str(error).split())
        words = f"not importable: {place} raises {type(error).__name__}: {text[:300]}{_to_install(error)}"
        raise LoadingError(words) from error
    for part in name.split("."):
        if not hasattr(found, part):
            raise LoadingError(f"not importable: {place} has no {name!r}{_nearest(found, part)}")
        found = getattr(found, part)
    return found


def folder_of(spec: str) -> str:
    """Return the folder that the imports of a target begin in: that of its file, else the working directory."""
    place = spec.rpartition(":")[0]
    return str(Path(place).resolve().parent) if place.endswith(".py") else str(Path.cwd())


@contextmanager
def _searched(folder: str) -> Iterator[None]:
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        with suppress(ValueError):
            sys.path.remove(folder)


def _module(place: str) -> object:
    if not place.endswith(".py"):
        return importlib.import_module(place)
    path = Path(place)
    if not path.is_file():
        raise LoadingError(f"not importable: there is no file {place}")
    described = importlib.util.spec_from_file_location(f"target_in_{path.stem}", path)
    if described is None or described.loader is None:
        raise LoadingError(f"not importable: {place} is no Python file")
    module = importlib.util.module_from_spec(described)
    sys.modules[described.name] = module  # dataclasses look their module up
    described.loader.exec_module(module)
    return module


def _to_install(error: BaseException) -> str:
    """Return what to install where a well-known library is missing."""
    distributions = {module: name for name, module in EXTRAS["peers"][0].items()}
    missing = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    return f". Install it with: pip install {distributions[missing]}" if missing in distributions else ""


def _nearest(found: object, name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name, dir(found), n=1, cutoff=0.5)
    return f". Did you mean {near[0]!r}?" if near else ""
