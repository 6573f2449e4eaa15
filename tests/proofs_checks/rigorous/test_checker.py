"""The certificate checker: accepts what is stored, shares nothing with the prover, refuses every change."""

from __future__ import annotations

import ast
import copy
import gzip
import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from proofs_checks.rigorous import checker, polar_certificate, von_bahr_esseen
from proofs_checks.rigorous.__main__ import main as make
from proofs_checks.rigorous.balls import exact, precision
from proofs_checks.rigorous.catalogue import STORED
from proofs_checks.rigorous.certificate import certificate_path, write_certificate
from proofs_checks.rigorous.checker import (
    CertificateError,
    check_certificate,
    check_content,
    digest,
    numbers,
    polynomials,
    read_content,
    scalar,
)
from proofs_checks.rigorous.checker.__main__ import main as check
from schattor_theory.errors import StoreError

MIDDLE, NEAR_TWO, RIGHT = (region.name for region in von_bahr_esseen.REGIONS)


@pytest.fixture
def content():
    return copy.deepcopy(read_content(certificate_path(von_bahr_esseen.NAME)))


@pytest.fixture
def ranges():
    return copy.deepcopy(read_content(certificate_path(polar_certificate.NAME)))


def signed(content):
    """Return the content with the digest that fits it, so that nothing but the proof itself is left to object to."""
    return content | {"sha256": digest(content["claim"], content["proof"])}


# ---- what is stored


@pytest.mark.parametrize("name", STORED)
def test_stored_certificates_are_accepted_and_are_what_the_prover_makes(name) -> None:
    found = check_certificate(certificate_path(name))
    assert found.name == name
    assert found.pieces > 100
    assert read_content(certificate_path(name)) == STORED[name]()
    assert certificate_path(name).stat().st_size < 20_000


def test_checker_imports_nothing_of_the_provers() -> None:
    folder = Path(checker.__file__).parent
    allowed = {"schattor_theory.checks", "schattor_theory.errors"}
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                inner = node.level == 1 and (node.module is None or (folder / f"{node.module}.py").exists())
                is_standard = node.level == 0 and node.module.split(".")[0] in sys.stdlib_module_names
                assert inner or is_standard or node.module in allowed, node.module
            elif isinstance(node, ast.Import):
                assert all(alias.name in sys.stdlib_module_names for alias in node.names)


def test_checker_runs_without_the_library_of_the_prover() -> None:
    code = (
        "import sys; sys.modules['flint'] = None\n"
        "from proofs_checks.rigorous.checker.__main__ import main\n"
        f"sys.exit(main({[str(certificate_path(name)) for name in STORED]!r}))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("accepted") == 2


def test_prover_and_checker_word_their_claims_alike() -> None:
    assert von_bahr_esseen.TEXT == scalar.TEXT
    assert polar_certificate.TEXT == polynomials.TEXT


# ---- its arithmetic, against the library of the prover

VALUES = [Fraction(1, 3), Fraction(1), Fraction(2), Fraction(1, 1 << 30), Fraction(63, 64), Fraction(355, 113)]


@pytest.mark.parametrize("x", VALUES)
def test_logarithms_and_powers_are_enclosed(x) -> None:
    with precision(200):
        unit = exact(numbers.ONE)

        def encloses(pair, ball, bits):
            assert exact(pair.low) <= ball * unit + exact(Fraction(1, 2**20))
            assert ball * unit - exact(Fraction(1, 2**20)) <= exact(pair.high)
            assert pair.high - pair.low < 2**bits

        encloses(numbers.log(x), exact(x).log(), 16)
        for exponent in (Fraction(1, 20), Fraction(1, 2), Fraction(7, 4), Fraction(2)):
            encloses(numbers.power(x, exponent), exact(x) ** exact(exponent), 20)
        for y in (-40, -1, 0, 3):
            scaled = numbers.Pair(y * numbers.ONE, y * numbers.ONE)
            encloses(numbers.exp(scaled), exact(y).exp(), 20)


def test_pairs_compute_with_the_right_ends() -> None:
    a, b = numbers.from_fraction(Fraction(-1, 3)), numbers.from_fraction(Fraction(2, 7))
    for found, true in (
        (a + b, Fraction(-1, 21)),
        (a - b, Fraction(-13, 21)),
        (a * b, Fraction(-2, 21)),
        (-a, Fraction(1, 3)),
        (a.times(-3), Fraction(1)),
        (a.least(b), Fraction(-1, 3)),
    ):
        assert found.low <= true * numbers.ONE <= found.high
        assert found.high - found.low <= 4
    assert numbers.power(Fraction(0), Fraction(1, 2)) == (0, 0)
    assert numbers.power(Fraction(5), Fraction(0)) == (numbers.ONE, numbers.ONE)


@pytest.mark.parametrize("region", von_bahr_esseen.REGIONS, ids=lambda region: region.name)
def test_formulas_of_checker_and_prover_are_the_same(region) -> None:
    formula = {MIDDLE: scalar._gap_left, NEAR_TWO: scalar._slope_left, RIGHT: scalar._slope_right}[region.name]
    low, high = region.q_range
    for x1, x2 in ((0, "1/16"), ("1/4", "9/32"), ("7/8", 1), (0, 1)):
        box = ((Fraction(x1), Fraction(x2)), (low + (high - low) / 4, low + (high - low) / 2))
        found = formula(*box[0], *box[1], von_bahr_esseen.MARGIN)
        assert float(region.bound_on(box).mid()) == pytest.approx(found.low / numbers.ONE, rel=1e-12)


# ---- a changed certificate of the inequality


def edited(change):
    def apply(content):
        change(content)
        return content

    return apply


def set_in(content, path, value):
    *way, last = path
    for key in way:
        content = content[key]
    content[last] = value


BOX = ("proof", "regions", NEAR_TWO, 100)

CHANGES = {
    "a box removed": (lambda c: c["proof"]["regions"][NEAR_TWO].pop(100), "boxes must cover the region"),
    "every box removed": (lambda c: c["proof"]["regions"][RIGHT].clear(), "boxes must cover the region"),
    "a box twice": (
        lambda c: c["proof"]["regions"][MIDDLE].append(c["proof"]["regions"][MIDDLE][0]),
        "boxes must cover the region",
    ),
    "a box moved": (lambda c: set_in(c, (*BOX, 0), 0), "must"),
    "a box made larger": (lambda c: set_in(c, (*BOX, 1), c["proof"]["regions"][NEAR_TWO][100][1] - 1), "must"),
    "a box outside": (lambda c: set_in(c, (*BOX, 0), 1 << 60), "box must lie in the unit square"),
    "a bound loosened": (
        lambda c: set_in(c, (*BOX, 4), c["proof"]["regions"][NEAR_TWO][100][4] // 2),
        "bound must be the .* that its formula proves",
    ),
    "a bound loosened by two units": (
        lambda c: set_in(c, (*BOX, 4), c["proof"]["regions"][NEAR_TWO][100][4] - 2),
        "bound must be the .* that its formula proves",
    ),
    "a bound tightened": (
        lambda c: set_in(c, (*BOX, 4), c["proof"]["regions"][NEAR_TWO][100][4] + 2),
        "bound must be the .* that its formula proves",
    ),
    "a bound of zero": (lambda c: set_in(c, (*BOX, 4), 0), "bound must be a positive integer"),
    "a bound that is text": (lambda c: set_in(c, (*BOX, 4), "1"), "box must be five integers"),
    "a bound that is no number": (lambda c: set_in(c, (*BOX, 4), float("nan")), ""),
    "the bound near 1 loosened": (lambda c: set_in(c, ("proof", "near_one_bound"), 1), "bound must be the"),
    "a larger margin": (lambda c: set_in(c, ("claim", "margin"), "17/100"), "bound must be the"),
    "a smaller margin": (lambda c: set_in(c, ("claim", "margin"), "1/7"), "bound must be the"),
    "a margin above 1": (lambda c: set_in(c, ("claim", "margin"), "2"), r"margin must lie in \[0, 1\]"),
    "a margin above log 2": (lambda c: set_in(c, ("claim", "margin"), "7/10"), "margin must be at most log 2"),
    "another constant": (
        lambda c: set_in(c, ("claim", "text"), c["claim"]["text"].replace("2^(2-q)", "C_q")),
        "text must be",
    ),
    "a larger range": (
        lambda c: set_in(c, ("claim", "text"), c["claim"]["text"].replace("[1, 2]", "[1, 3]")),
        "text must be",
    ),
    "another name": (lambda c: set_in(c, ("claim", "name"), "von-bahr"), "name must be one of"),
    "the claim of the other certificate": (lambda c: set_in(c, ("claim", "name"), "polar-ranges"), "text must be"),
    "the lemma near 1 stretched": (lambda c: set_in(c, ("proof", "near_one"), "11/10"), r"near_one must be at most"),
    "the lemma near 1 shortened": (lambda c: set_in(c, ("proof", "near_one"), "51/50"), "must"),
    "the ranges of q reversed": (lambda c: set_in(c, ("proof", "near_one"), "7/4"), r"near_one must lie in"),
    "a region renamed": (
        lambda c: c["proof"]["regions"].update(x=c["proof"]["regions"].pop(RIGHT)),
        "regions must be",
    ),
    "a region lost": (lambda c: c["proof"]["regions"].pop(RIGHT), "regions must be"),
    "a field lost": (lambda c: c["proof"].pop("near_two"), "content must have the fields of its claim"),
    "a fraction that is none": (lambda c: set_in(c, ("claim", "margin"), "1/0"), "content must have the fields"),
    "a table that is a list": (lambda c: set_in(c, ("proof",), []), "content must have the fields"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_refuses_a_certificate_with(change, content) -> None:
    alter, message = CHANGES[change]
    alter(content)
    if change == "a bound that is no number":
        with pytest.raises(CertificateError, match="content must have the fields of its claim"):
            check_content(content)  # no digest: such a file is no strict JSON
        return
    with pytest.raises(CertificateError, match=message):
        check_content(signed(content))


def test_refuses_a_change_without_a_new_digest(content) -> None:
    content["claim"]["margin"] = "1/6 "
    with pytest.raises(CertificateError, match="sha256 must be the digest of claim and proof"):
        check_content(content)


def test_signing_again_changes_nothing_for_an_honest_certificate(content) -> None:
    assert check_content(signed(content)) == check_content(content)


def test_cuts_need_not_be_along_the_widest_side(content) -> None:
    # the same boxes in another order are the same cover
    for boxes in content["proof"]["regions"].values():
        boxes.reverse()
    assert check_content(signed(content)).pieces == check_certificate(certificate_path(von_bahr_esseen.NAME)).pieces


# ---- a changed certificate of the ranges

MUON = 6  # the entry of Muon from 1/1000

RANGE_CHANGES = {
    "a lower end raised": (lambda c: set_in(c, ("proof", "chains", MUON, 2, "low"), 1 << 62), "must"),
    "a lower end loosened": (lambda c: set_in(c, ("proof", "chains", MUON, 2, "low"), 1 << 55), "low must be attained"),
    "an upper end lowered": (
        lambda c: set_in(c, ("proof", "chains", MUON, 2, "high"), 1 << 63),
        "bound must not be passed",
    ),
    "an upper end loosened": (
        lambda c: set_in(c, ("proof", "chains", MUON, 2, "high"), 1 << 65),
        "high must be attained",
    ),
    "a point outside": (lambda c: set_in(c, ("proof", "chains", MUON, 0, "low_at"), 0), "low_at must lie in"),
    "a step lost": (lambda c: c["proof"]["chains"][MUON].pop(), "chain must have 5 steps"),
    "an entry lost": (lambda c: c["claim"]["entries"].pop(), "chains must be 26"),
    "no entries": (lambda c: (c["claim"]["entries"].clear(), c["proof"]["chains"].clear()), "chains must be 0"),
    "another coefficient": (
        lambda c: set_in(c, ("claim", "entries", MUON, "polynomials", 0, 0), (3.4446).hex()),
        "bound must not be passed",
    ),
    "a longer interval": (lambda c: set_in(c, ("claim", "entries", MUON, "least"), "1/2000"), "bound must not"),
    "an empty interval": (lambda c: set_in(c, ("claim", "entries", MUON, "least"), "0"), r"least must lie in \(0, 1\]"),
    "a smaller margin": (lambda c: set_in(c, ("claim", "entries", -3, "input_margin"), (0.0).hex()), "must"),
    "a better end": (lambda c: set_in(c, ("claim", "entries", MUON, "low"), "1"), "low and high must be those"),
    "a number that is text": (lambda c: set_in(c, ("proof", "chains", MUON, 0, "low"), "1"), "number must be an int"),
}


@pytest.mark.parametrize("change", RANGE_CHANGES)
def test_refuses_ranges_with(change, ranges) -> None:
    alter, message = RANGE_CHANGES[change]
    alter(ranges)
    with pytest.raises(CertificateError, match=message):
        check_content(signed(ranges))


@pytest.mark.parametrize(
    ("coefficients", "is_nonnegative"),
    [([1, -1, 1], True), ([1, -2, 1], False), ([4, -3, 3], True), ([0, 0, 0], True), ([-1, 5, 5], False)],
)
def test_bernstein_coefficients_decide_the_sign(coefficients, is_nonnegative) -> None:
    # [1, -2, 1]: (1-t)² - 4t(1-t) + t² is negative at 1/2; [1, -1, 1] touches zero there, [4, -3, 3] does not
    assert polynomials._is_nonnegative(coefficients) is is_nonnegative


# ---- files


@pytest.mark.parametrize("length", [0, 1, 12, 1000, -1])
def test_a_file_cut_short_is_said_to_be_one(length, tmp_path) -> None:
    path = tmp_path / "short.json.gz"
    path.write_bytes(certificate_path(von_bahr_esseen.NAME).read_bytes()[:length])
    with pytest.raises(StoreError, match=r"path must be a whole gzip file of JSON, got path=.* Make it again with"):
        check_certificate(path)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"not compressed", "be a whole gzip file"),
        # without the time of compression, which would be part of the names of the tests
        (gzip.compress(b"{", mtime=0), "be a whole gzip file of JSON"),
        (gzip.compress(b"[1]", mtime=0), "be a certificate of schema 1"),
        (gzip.compress(json.dumps({"schema": 2}).encode(), mtime=0), "be a certificate of schema 1"),
    ],
)
def test_a_file_that_is_no_certificate_is_refused(body, message, tmp_path) -> None:
    path = tmp_path / "x.json.gz"
    path.write_bytes(body)
    with pytest.raises(StoreError, match=f"check_certificate: path must {message}"):
        check_certificate(path)


def test_a_file_that_is_not_there_is_named(tmp_path) -> None:
    with pytest.raises(StoreError, match=r"path must be a file that can be read, got path=.*No such file"):
        check_certificate(tmp_path / "none.json.gz")


def test_the_same_content_gives_the_same_bytes(content, tmp_path) -> None:
    first = write_certificate(content, tmp_path).read_bytes()
    assert write_certificate(content, tmp_path).read_bytes() == first
    assert [p.name for p in tmp_path.iterdir()] == ["von-bahr-esseen.json.gz"]


# ---- commands


def test_command_says_what_is_accepted_and_what_is_not(content, tmp_path, capsys) -> None:
    assert check([str(certificate_path(name)) for name in STORED]) == 0
    assert capsys.readouterr().out.count("accepted") == 2
    content["claim"]["margin"] = "1/5"
    bad = write_certificate(signed(content), tmp_path)
    assert check([str(bad)]) == 1
    assert "refused" in capsys.readouterr().err
    bad.write_bytes(b"")
    assert check([str(bad)]) == 3
    assert check([]) == 2


@pytest.mark.slow
def test_command_makes_the_certificates_again(tmp_path, capsys) -> None:
    assert make([str(tmp_path)]) == 0
    assert check([str(path) for path in sorted(tmp_path.iterdir())]) == 0
    assert make(["--help"]) == 2
    assert make([str(tmp_path / "nowhere")]) == 3
    assert "out must be a folder" in capsys.readouterr().err
