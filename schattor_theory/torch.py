"""The reference optimizer as a ``torch.optim.Optimizer``: a shell over :class:`schattor_theory.Schattor`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .checks import check_nonnegative, fail, fail_missing
from .errors import DTypeError
from .geometry import Exponent, SchattenGeometry
from .optimizer import STATUS_NAMES, SchattorState
from .optimizer import Schattor as Method
from .parameters import step_each

try:
    import torch
except ImportError as error:
    fail_missing("schattor_theory.torch", "torch", error, extra="torch")

__all__ = ["Schattor"]

_CALL = "schattor_theory.torch.Schattor"
_OPTIONS = ("momentum", "oracle", "bias_correction", "look_ahead", "weight_decay")


class Schattor(torch.optim.Optimizer):
    """Schattor for training: every parameter is a matrix of its own, moved by the core's ``step``.

    A matrix is itself, a bias one column, a convolution kernel the matrix of its outputs against all else. Each option
    can be set for each parameter group; ``lr`` follows ``torch.optim.lr_scheduler``. A parameter whose gradient is not
    finite keeps its values, momentum and step number, as in the core; see :meth:`skipped`.

    Parameters
    ----------
    params : iterable
        Parameters, named parameters or groups, real, float32 or float64.
    lr : float
        Step size η > 0, unit X for the ball oracle: at p = inf the spectral norm of one step.
    p : number or str
        Schatten exponent in [1, inf], "inf" or a fraction such as "4/3". For a vector all of them are one norm.
    method : str
        How the direction is computed, as in :func:`schattor_theory.duality_map`: "auto" is exact; at p = inf the name
        of a polynomial schedule, such as "polar-express", is the inexact oracle that is usual on a GPU.
    momentum : float or callable of k
        1 - θ_k in [0, 1).
    oracle : {"ball", "regularized"}
        Ball: steps of length η. Regularised: of length η times the dual norm; p = 2 is SGD with momentum.
    bias_correction : bool
        The direction of heavy ball; see the core.
    look_ahead : None, float, callable of k, or "nesterov"
        See the core.
    weight_decay : float
        Decoupled, λ >= 0.

    Raises
    ------
    ExponentError, ParameterError, UnknownNameError
        For an option outside its range.
    DTypeError
        For a parameter that is complex, or of 16 bits.

    Notes
    -----
    The ball oracle over all parameters of a group is the product geometry of balance inf, the regularised one that of
    balance 2 (D4). Recursive momentum needs two gradients of one sample, which ``torch.optim`` has no place for: use
    the core.

    Examples
    --------
    >>> import torch
    >>> layer = torch.nn.Linear(3, 2, bias=False)
    >>> optimizer = Schattor(layer.parameters(), lr=0.1, p="inf")
    >>> before = layer.weight.detach().clone()
    >>> layer(torch.ones(3)).sum().backward()
    >>> optimizer.step()
    >>> round(float(torch.linalg.matrix_norm(layer.weight.detach() - before, ord=2)), 5)
    0.1
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float,
        *,
        p: Exponent = "inf",
        method: str = "auto",
        momentum: float | Callable[[Any], Any] = 0.95,
        oracle: str = "ball",
        bias_correction: bool = False,
        look_ahead: float | Callable[[Any], Any] | str | None = None,
        weight_decay: float = 0.0,
    ) -> None:
        defaults = {"lr": lr, "p": p, "method": method, "momentum": momentum, "oracle": oracle,
                    "bias_correction": bias_correction, "look_ahead": look_ahead,
                    "weight_decay": weight_decay}  # fmt: skip
        super().__init__(params, defaults)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters; its options are checked at once."""
        super().add_param_group(param_group)
        try:
            group = self.param_groups[-1]
            _method(group)
            for x in group["params"]:
                if x.dtype not in (torch.float32, torch.float64):
                    way_out = "Keep the parameters in float32, for example under torch.autocast."
                    fail(DTypeError, _CALL, "params", "be float32 or float64", x.dtype, way_out)
        except Exception:
            self.param_groups.pop()
            raise

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make a step with the gradients in ``.grad``; parameters without one are left as they are.

        Parameters
        ----------
        closure : callable, optional
            Computes the loss anew, with its gradients.

        Returns
        -------
        The loss that the closure gave, or None.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            method = _method(group)
            by_device: dict[torch.device, list[Any]] = {}
            for x in group["params"]:
                if x.grad is not None:
                    by_device.setdefault(x.device, []).append(x)
            for members in by_device.values():
                self._move(method, members)
        return loss

    def skipped(self) -> list[tuple[Any, str]]:
        """Return each parameter that had to be left as it was in some step, with the reason of the first."""
        found = []
        for group in self.param_groups:
            for x in group["params"]:
                if x in self.state and int(self.state[x]["status"]):
                    found.append((x, STATUS_NAMES[int(self.state[x]["status"])]))
        return found

    def _move(self, method: Method, members: list[Any]) -> None:
        for x in members:
            if x.grad.is_sparse:
                fail(DTypeError, f"{_CALL}.step", "grad", "be dense", x.grad.layout, "Use a dense embedding.")
        moved, states = step_each(method, members, [x.grad for x in members], [self._state_of(x) for x in members])
        for x, new, after in zip(members, moved, states, strict=True):
            x.copy_(new)
            self.state[x] = after._asdict()

    def _state_of(self, x: Any) -> SchattorState:
        """Return the state of a parameter: zeros at first; loading a state dict changes types, which are put right."""
        entry = self.state.get(x) or {"step": 0, "momentum": torch.zeros_like(x), "status": 0}
        step, status = (torch.as_tensor(entry[n], device=x.device).to(torch.int32) for n in ("step", "status"))
        return SchattorState(step, entry["momentum"], status)


def _method(group: dict[str, Any]) -> Method:
    """Return the method of a group."""
    way_out = "The optimizer subtracts the direction by itself; for a schedule use torch.optim.lr_scheduler."
    lr = check_nonnegative(_CALL, "lr", group["lr"], way_out)
    geometry = SchattenGeometry(group["p"], method=group["method"])
    return Method(geometry, step_size=lr, **{name: group[name] for name in _OPTIONS})
