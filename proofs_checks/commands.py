"""The commands of ``schattor``: the line of each in the list, and examples of its use.

Nothing here imports a command: ``schattor --help`` reads this table. The options of a command are in its module of
:mod:`proofs_checks.command_line`, which is imported when its help is asked for, and its work when it runs.
"""

from __future__ import annotations

__all__ = ["COMMANDS", "EXAMPLES", "EXIT_CODES", "examples_of"]

COMMANDS = {
    "verify": "Check every statement numerically; write the ledger and the report.",
    "study": "Dimension- and horizon-scaling studies.",
    "tightness": "Probe the moment bounds T4 on martingales.",
    "constants": "Show the band of the best constant of T4a.",
    "assumptions": "Say what recorded gradients contradict.",
    "prove": "Carry out derivations and certificates, step by step.",
    "crosscheck": "Say which method an optimizer is.",
    "report": "Put runs of any commands together in one report.",
    "vectors": "Write inputs and certified answers for other people's tests.",
    "selftest": "Compare this installation with every reference vector.",
    "doctor": "Say what this installation consists of, and what is missing for what.",
}
"""Name of each command to what it does, in the order of the list."""

EXIT_CODES = {
    0: "nothing violated",
    1: "a violation, and what is violated is named",
    2: "bad usage: nothing was run",
    3: "something could not run, and it is named",
    4: "interrupted, and the last line says how to go on",
}
"""Exit code of every command to its meaning."""

EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "verify": (
        ("schattor verify --out report", "every statement, within two minutes"),
        ("schattor verify --only T1,T5 --level full --seed 7", "two statements, with more samples"),
        ("schattor verify --mutant drift_term_lost", "would the checks notice this error? Exit 1: they do"),
    ),
    "study": (
        ("schattor study list", "what there is"),
        ("schattor study run dimension_free --out out/dimension_free --jobs 2", "is it dimension-free?"),
    ),
    "study run": (
        ("schattor study run dimension_free --out out/smoke --scale smoke", "seconds, to check the plumbing"),
        ("schattor study run my_study.toml --out out/mine --jobs 8", "one of your own; run it again to go on"),
        ("schattor study run my_study.toml --out out/mine --dry-run", "what would run, and for how long"),
        ("schattor study run rate --out out/rate --device cuda", "on a GPU"),
    ),
    "study report": (("schattor study report out/dimension_free", "also while it runs, or after a stop"),),
    "study list": (("schattor study list --json", "for programs"),),
    "study copy": (("schattor study copy dimension_free --to my_study.toml", "a start for one of your own"),),
    "tightness": (
        ("schattor tightness --bound T4a,T4b --q 1,1.5 --n 4,16 --d 4,16 --out out/tightness", "a small grid"),
        ("schattor tightness --scale smoke --out out/smoke", "seconds, to check the plumbing"),
    ),
    "constants": (
        ("schattor constants --q 1.1,1.5,4/3", "three exponents"),
        ("schattor constants --search 60 --seed 1 --out out/constants", "hunt for a witness for a minute"),
    ),
    "assumptions": (
        ("schattor assumptions recorded.npz --out out/assumptions", "what a recording says"),
        ("schattor assumptions --example out/example", "write a recording to look at"),
    ),
    "prove": (
        ("schattor prove T5 T6", "two statements, step by step"),
        ("schattor prove --brief --export out/proofs", "everything, a line each, and LaTeX"),
    ),
    "crosscheck": (
        ("schattor crosscheck torch.optim:Muon --out out/crosscheck", "which convention is it?"),
        ("schattor crosscheck my_module:make_optimizer --as torch.optim.Muon", "does it follow this one?"),
        ("schattor crosscheck optax.contrib:muon --option beta=0.9 --dtype float64", "with an option of its own"),
    ),
    "report": (
        ("schattor report report out/dimension_free out/tightness", "one page for what these folders hold"),
        ("schattor report report out/constants --format tex --out appendix", "an appendix of a paper"),
        ("schattor report out/crosscheck --format md --out out/markdown", "Markdown and a folder of figures"),
    ),
    "vectors": (("schattor vectors --out out/vectors", "as .npz, .safetensors and an index"),),
    "selftest": (
        ("schattor selftest", "this machine, float64"),
        ("schattor selftest --device cuda --dtype float32", "a GPU, in single precision"),
    ),
    "doctor": (("schattor doctor --json", "to paste into a report of a defect"),),
}
"""Words of a command to examples of its use: the line to type, and what it is for."""


def examples_of(words: str) -> str | None:
    """Return the examples of a command as the last part of its help: a paragraph each."""
    paragraphs = [f"{what}:\n  {line}" for line, what in EXAMPLES.get(words, ())]
    return "\n\n".join(["Examples", *paragraphs]) if paragraphs else None
