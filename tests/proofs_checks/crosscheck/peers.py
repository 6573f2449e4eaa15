"""Other people's optimizers, as they are named on the command line, and the same ones behind other names."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["PEERS", "Peer"]


@dataclass(frozen=True, kw_only=True)
class Peer:
    """An optimizer of another project.

    Attributes
    ----------
    name : str
        For the name of a test.
    module : str
        What has to be importable, with a distribution of the name ``distribution``.
    spec : str
        The target.
    disguised : str
        The same optimizer as a factory of this file, under a name that says nothing.
    options : mapping
        Of the target.
    """

    name: str
    module: str
    distribution: str
    spec: str
    disguised: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def missing(self) -> str | None:
        """Return why it cannot be tried, without importing it."""
        return None if importlib.util.find_spec(self.module) else f"{self.distribution} is not installed"


def _here(name: str) -> str:
    return f"{__file__}:{name}"


def first(params: Any, lr: float = 1.0, **options: Any) -> Any:
    """Return torch.optim.Muon."""
    import torch

    class Descent(torch.optim.Muon):
        """Muon under another name, with other defaults in its signature."""

    return Descent(params, lr=lr, **options)


def second(learning_rate: float, **options: Any) -> Any:
    """Return the transformation optax.contrib.muon, hidden in a class of another shape."""
    from optax import contrib

    inner = contrib.muon(learning_rate, **options)

    class Plain:
        """Only init and update."""

        init = staticmethod(inner.init)
        update = staticmethod(inner.update)

    return Plain()


def third(step_size: float, **options: Any) -> Any:
    """Return keras.optimizers.Muon."""
    import keras

    class Descent(keras.optimizers.Muon):
        """Muon under another name."""

    return Descent(learning_rate=step_size, **options)


def fourth(params: Any, lr: float = 1.0, **options: Any) -> Any:
    """Return Muon of pytorch-optimizer, which wants a group with a flag."""
    import pytorch_optimizer

    return pytorch_optimizer.Muon([{"params": params, "use_muon": True}], lr=lr, **options)


def fifth(params: Any, lr: float = 1.0, **options: Any) -> Any:
    """Return SingleDeviceMuon of muon-optimizer."""
    import muon

    return muon.SingleDeviceMuon(params, lr=lr, **options)


PEERS: tuple[Peer, ...] = (
    Peer(name="torch", module="torch", distribution="torch", spec="torch.optim:Muon", disguised=_here("first")),
    Peer(name="optax", module="optax", distribution="optax", spec="optax.contrib:muon", disguised=_here("second")),
    Peer(name="keras", module="keras", distribution="keras", spec="keras.optimizers:Muon", disguised=_here("third")),
    Peer(
        name="pytorch-optimizer",
        module="pytorch_optimizer",
        distribution="pytorch-optimizer",
        spec="pytorch_optimizer:Muon",
        disguised=_here("fourth"),
    ),
    Peer(
        name="muon-optimizer",
        module="muon",
        distribution="muon-optimizer",
        spec="muon:SingleDeviceMuon",
        disguised=_here("fifth"),
    ),
)
