"""Other people's optimizers run, by the names of the command line and behind other names."""

from __future__ import annotations

import numpy as np
import pytest

from proofs_checks.crosscheck.observe import observe
from proofs_checks.crosscheck.probe import Probe, one_block
from tests.proofs_checks.crosscheck.peers import PEERS, Peer

pytestmark = [pytest.mark.peers, pytest.mark.slow]

G = tuple(one_block(np.array([[3.0, 1.0], [0.0, 2.0], [1.0, k + 1.0]])) for k in range(3))
PLAIN = Probe(name="plain", purpose="", start=one_block(np.ones((3, 2))), gradients=G, step_size=0.25)
PAUSED = Probe(name="paused", purpose="", start=PLAIN.start, gradients=G, step_size=0.25, saved_before=2)

# source of the list: these write the look-ahead into p.grad
OVERWRITES = ("pytorch-optimizer", "muon-optimizer")


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_peer_runs_by_its_name_and_behind_another_one(peer: Peer) -> None:
    if peer.missing:
        pytest.skip(peer.missing)
    with observe(peer.spec, options=peer.options) as target, observe(peer.disguised, options=peer.options) as other:
        assert (target.problem, other.problem) == (None, None)
        assert target.kind == other.kind
        assert target.takes_step_size
        for dtype in ("float32", "float64"):
            plain, paused = target.run([PLAIN, PAUSED], dtype)
            assert (plain.status, paused.status, plain.result_dtype) == ("ok", "ok", dtype)
            assert bool(plain.inputs_changed) == (peer.name in OVERWRITES)
            (hidden,) = other.run([PLAIN], dtype)
            for k in range(PLAIN.n_steps):
                np.testing.assert_array_equal(plain.parameters[k]["w"], hidden.parameters[k]["w"])
                np.testing.assert_array_equal(plain.parameters[k]["w"], paused.parameters[k]["w"])
            spectrum = np.linalg.svd(plain.update(0), compute_uv=False)
            assert spectrum.min() / spectrum.max() > 0.5  # a gradient with 3.9 and 1.6 is flattened
