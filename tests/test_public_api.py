"""The public names: they exist, say what they take and return, and have the signatures that others rely on."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import re
from types import ModuleType
from typing import Any

import pytest

import proofs_checks
import schattor_theory
import synthetic
from tests.joined import every
from tests.optional import is_importable

PACKAGES = (schattor_theory, synthetic, proofs_checks)
MODULES = [
    info.name
    for package in PACKAGES
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not info.name.endswith("__main__") and is_importable(info.name)
]


def documented_section(doc: str, section: str) -> str | None:
    """Return the text of a numpydoc section, or None."""
    found = re.search(rf"^ *{section}\n *-+\n(.*?)(?=^ *[A-Z]\w+\n *-+\n|\Z)", inspect.cleandoc(doc), re.S | re.M)
    return found and found.group(1)


def missing_documentation(item: Any) -> list[str]:
    """Return what the docstring of a public function or class does not say."""
    doc = item.__doc__ or ""
    if not doc.strip() or (dataclasses.is_dataclass(item) and doc.startswith(f"{item.__name__}(")):
        return ["docstring"]
    if not (inspect.isfunction(item) or inspect.isclass(item)) or issubclass_of_exception(item):
        return []
    parameters = [p for p in inspect.signature(item).parameters if p != "self"]
    section = documented_section(doc, "Parameters") or documented_section(doc, "Attributes") or ""
    named = set(re.findall(r"[\w*]+", " ".join(line for line in section.splitlines() if not line.startswith(" "))))
    missing = [name for name in parameters if name not in named]
    if inspect.isfunction(item) and documented_section(doc, "Returns") is None:
        missing.append("Returns")
    return missing


def issubclass_of_exception(item: Any) -> bool:
    return inspect.isclass(item) and issubclass(item, BaseException)


def public_items(module: ModuleType) -> dict[str, Any]:
    return {name: getattr(module, name) for name in module.__all__}


def test_every_name_in_all_exists_and_is_there_once() -> None:
    wrong = []
    for module in map(importlib.import_module, MODULES):
        listed = getattr(module, "__all__", [])
        wrong += [f"{module.__name__}.{n}" for n in listed if not hasattr(module, n) or listed.count(n) > 1]
    assert wrong == []


def silent_names(name: str) -> list[str]:
    """Return what has no docstring among the public functions, classes and members of a module."""
    module = importlib.import_module(name)
    items = {n: getattr(module, n) for n in getattr(module, "__all__", [])}
    documented = {n: item for n, item in items.items() if inspect.isfunction(item) or inspect.isclass(item)}
    # a symbol of computer algebra may be a class, and a decorator one of the library: neither is of a module of ours
    ours = tuple(f"{package.__name__}." for package in PACKAGES)
    silent = [n for n, item in documented.items() if not item.__doc__ and str(item.__module__).startswith(ours)]
    for n, item in items.items():
        # elsewhere members are documented once, by the protocol they belong to
        if inspect.isclass(item) and item.__module__ == name and name.startswith("schattor_theory"):
            silent += [
                f"{n}.{m}"
                for m, member in vars(item).items()
                if not m.startswith("_")
                and (inspect.isfunction(member) or isinstance(member, property))
                and not inspect.getdoc(getattr(item, m))
            ]
    return silent


def test_every_public_function_and_class_has_a_docstring() -> None:
    found = {name: silent_names(name) for name in MODULES}
    assert {name: silent for name, silent in found.items() if silent} == {}


@pytest.mark.parametrize("package", [schattor_theory, synthetic], ids=lambda p: p.__name__)
def test_public_functions_document_what_they_take_and_return(package: ModuleType) -> None:
    found = {name: missing_documentation(item) for name, item in public_items(package).items() if callable(item)}
    assert {name: missing for name, missing in found.items() if missing} == {}


def test_documentation_check_finds_a_gap() -> None:
    def undocumented(x: int) -> int:
        return x

    def half(x: int, y: int) -> int:
        """Return x.

        Parameters
        ----------
        x : int
            The y of nothing.
        """
        return x

    @dataclasses.dataclass
    class Bare:
        x: int

    assert missing_documentation(undocumented) == ["docstring"]
    assert missing_documentation(half) == ["y", "Returns"]
    assert missing_documentation(Bare) == ["docstring"]


SIGNATURES = {
    "schattor_theory.dual_exponent": "(p)",
    "schattor_theory.schatten_norm": "(x, p, *, tolerance=None, check_finite=True)",
    "schattor_theory.duality_map": "(m, p, method='auto', tolerance=None, *, check_finite=True)",
    "schattor_theory.SchattenGeometry": "(p, *, method='auto', tolerance=None)",
    "schattor_theory.SchattenGeometry.norm": "(self, x, *, check_finite=True)",
    "schattor_theory.SchattenGeometry.dual_norm": "(self, g, *, check_finite=True)",
    "schattor_theory.SchattenGeometry.duality_map": "(self, m, *, check_finite=True)",
    "schattor_theory.ProductGeometry": "(exponents, radii=None, balance=inf, *, tolerance=None)",
    "schattor_theory.ProductGeometry.norm": "(self, x, *, check_finite=True)",
    "schattor_theory.ProductGeometry.dual_norm": "(self, g, *, check_finite=True)",
    "schattor_theory.ProductGeometry.duality_map": "(self, m, *, check_finite=True)",
    "schattor_theory.Schattor": (
        "(geometry, step_size, momentum, oracle='ball', *, bias_correction=False, look_ahead=None, recursive=False, "
        "weight_decay=0.0)"
    ),
    "schattor_theory.Schattor.init": "(self, params)",
    "schattor_theory.Schattor.step": "(self, params, gradient, state, *, previous_gradient=None)",
    "schattor_theory.scalar_best_constant": "(q)",
    "schattor_theory.martingale_constant": "(moment_order)",
    "synthetic.simulate": (
        "(problem, noise, optimizer, *, n_steps, repeats, seed, record=(), first_repeat=0, observers=(), threads=1, "
        "processes=1, device='cpu', tolerance=1e-12)"
    ),
}


def found(dotted: str) -> Any:
    package, *path = dotted.split(".")
    item: Any = importlib.import_module(package)
    for name in path:
        item = getattr(item, name)
    return item


def bare_signature(item: Any) -> str:
    signature = inspect.signature(item)
    parameters = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    return str(signature.replace(parameters=parameters, return_annotation=inspect.Signature.empty))


@every("dotted", SIGNATURES)
def test_signature_is_the_one_others_rely_on(dotted: str) -> None:
    assert bare_signature(found(dotted)) == SIGNATURES[dotted]


def test_stationarity_bound_takes_the_names_others_rely_on() -> None:
    parameters = inspect.signature(schattor_theory.stationarity_bound).parameters
    assert {p.kind for p in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
    required = {"initial_gap", "smoothness", "sigma", "moment_order", "p", "step_size", "momentum", "n_steps"}
    defaults = {"noise_model": "covariance", "oracle": "ball", "direction_defect": 0.0, "norm_excess": 0.0}
    assert required <= {name for name, p in parameters.items() if p.default is p.empty}
    assert {name: parameters[name].default for name in defaults} == defaults


def test_geometries_have_the_attributes_others_rely_on() -> None:
    schatten = schattor_theory.SchattenGeometry(4)
    assert (schatten.p, schatten.q) == (4.0, 4 / 3)
    product = schattor_theory.ProductGeometry({"w": 4, "b": 2}, radii={"w": 2}, balance=float("inf"))
    assert product.exponents == {"w": 4.0, "b": 2.0}
    assert product.radii == {"w": 2.0, "b": 1.0}
    assert product.balance == float("inf")


def test_catalogues_of_worlds_are_in_reach() -> None:
    for catalogue in (synthetic.PROBLEMS, synthetic.NOISES, synthetic.MARTINGALES):
        assert catalogue
        for name, family in catalogue.items():
            assert family.name == name
            assert family.summary
            assert callable(family.build)


def test_signature_check_sees_a_renamed_argument() -> None:
    def norm(x, exponent, *, check_finite=True): ...

    assert bare_signature(norm) != SIGNATURES["schattor_theory.schatten_norm"]


def test_everything_public_can_be_imported_with_a_star() -> None:
    for package in (schattor_theory, synthetic):
        assert sorted(package.__all__, key=str.casefold) == sorted(set(package.__all__), key=str.casefold)
        assert package.__doc__
