"""The catalogue of proofs: by statement, by group, by name."""

from __future__ import annotations

import pytest

from proofs_checks.prove.catalogue import chosen, named, propositions
from proofs_checks.statements import STATEMENTS
from schattor_theory.errors import UnknownNameError


def test_every_proof_has_a_statement_and_a_name_of_its_own() -> None:
    found = propositions()
    assert len({one.name for one in found}) == len(found)
    order = [list(STATEMENTS).index(one.statement) for one in found]
    assert order == sorted(order)
    assert {one.kind for one in found} == {"symbolic", "rigorous", "conic"}


def test_a_group_stands_for_its_parts_and_a_name_for_one() -> None:
    assert {one.statement for one in chosen(["T5"])} >= {"T5", "T5-any", "T5-N2", "T5-hp"}
    assert {one.statement for one in chosen(["T5-N2"])} == {"T5-N2"}
    (one,) = chosen(["nesterov_is_a_look_ahead"])
    assert named(one.name) is one
    assert chosen() == chosen([]) == propositions()


@pytest.mark.parametrize(
    ("name", "near"), [("T99", "T9"), ("t12", "T12"), ("nesterov_is_a_lookahead", "nesterov_is_a_look_ahead")]
)
def test_an_unknown_id_names_the_nearest(name: str, near: str) -> None:
    message = f"prove: id must name a statement of docs/theory or a proof, got id='{name}'. Did you mean '{near}'?"
    with pytest.raises(UnknownNameError) as error:
        chosen([name])
    assert str(error.value) == message


def test_an_id_unlike_any_says_where_they_are_listed() -> None:
    with pytest.raises(UnknownNameError, match="`schattor prove --brief` lists them all"):
        chosen(["§"])
