"""Targets that do what no optimizer should, and one that does nothing wrong."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np


def fine(params: Any, grads: Any, state: Any, step_size: float = 1.0) -> Any:
    return params - step_size * grads, state


def raises(params: Any, grads: Any, state: Any) -> Any:
    raise ValueError("there is no\nway")


def raises_on_two_rows(params: Any, grads: Any, state: Any) -> Any:
    if len(params) == 2:
        raise ArithmeticError("two rows")
    return params - grads, state


def leaves(params: Any, grads: Any, state: Any) -> Any:
    raise SystemExit(4)


def hangs_on_two_rows(params: Any, grads: Any, state: Any) -> Any:
    while state and len(params) == 2:
        time.sleep(0.01)
    return params - grads, True


def hangs(params: Any, grads: Any, state: Any) -> Any:
    while True:
        pass


def dies_on_two_rows(params: Any, grads: Any, state: Any) -> Any:
    print("the last thing it says", flush=True)
    if len(params) == 2:
        os._exit(3)
    return params - grads, state


def not_a_number(params: Any, grads: Any, state: Any) -> Any:
    return params * np.nan, state


def turns(params: Any, grads: Any, state: Any) -> Any:
    return (params - grads).T.copy(), state


def widens(params: Any, grads: Any, state: Any) -> Any:
    return params.astype(np.float64) - grads, state


def returns_nothing(params: Any, grads: Any, state: Any) -> Any:
    params -= grads


def forgets_the_state(params: Any, grads: Any, state: Any) -> Any:
    return params - grads


def drops_a_block(params: Any, grads: Any, state: Any) -> Any:
    return {name: params[name] - grads[name] for name in list(params)[:1]}, state


def writes_to_gradients(params: Any, grads: Any, state: Any) -> Any:
    grads *= 2
    return params - grads, state


def writes_to_parameters(params: Any, grads: Any, state: Any) -> Any:
    params -= grads
    return params, state


def writes_to_state(params: Any, grads: Any, state: Any) -> Any:
    state = {"sum": np.zeros_like(grads)} if state is None else state
    state["sum"] += grads
    return params - state["sum"], state


def prints(params: Any, grads: Any, state: Any) -> Any:
    print("noise" * 10_000)
    os.write(1, b"more noise")
    return params - grads, state


def makes_a_number(lr: float) -> Any:
    return 3


def factory_raises(lr: float) -> Any:
    raise RuntimeError("no such thing")


def wants_more(first: Any, second: Any) -> Any:
    return first


class Accumulates:
    """Writes and reads no state: what it remembers is lost."""

    def __init__(self, lr: float) -> None:
        self.lr, self.sum = lr, 0.0

    def init(self, params: Any) -> Any:
        return ()

    def step(self, params: Any, grads: Any, state: Any) -> Any:
        self.sum = self.sum + grads
        return params - self.lr * self.sum, state


NUMBER = 3
