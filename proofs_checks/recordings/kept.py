"""Kept: analysed blocks of a run that was stopped, a file each, so that the same command goes on with the others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any

from synthetic.estimates import Estimate
from synthetic.plain import plain, read_number

from ..files import disk, write_file
from .analysis import BlockAnalysis
from .claims import Claim
from .constants import Constants, Ranks
from .drift import Drift
from .favoured import Favour
from .intervals import TailIndex
from .reading import Block

__all__ = ["KeptBlocks", "digest_of", "from_record", "to_record"]


def digest_of(path: Path, call: str) -> str:
    """Return the digest of a recording: what is kept of one is not taken for another."""
    with disk(path, call), open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def to_record(analysis: BlockAnalysis) -> dict[str, Any]:
    """Return everything but the block itself as strict JSON values."""
    found = {field.name: getattr(analysis, field.name) for field in fields(analysis) if field.name != "block"}
    return {name: plain(_fields_of(value)) for name, value in found.items()}


def from_record(block: Block, record: Mapping[str, Any]) -> BlockAnalysis:
    """Return the analysis of ``block`` that :func:`to_record` wrote, the same to the last bit."""
    ranks = record["ranks"]
    return BlockAnalysis(
        block=block,
        level=read_number(record["level"]),
        tail=_tail(record["tail"]),
        moment_ratio={float(order): read_number(low) for order, low in record["moment_ratio"].items()},
        drift=Drift(**_numbers(record["drift"])),
        one_law=record["one_law"],
        constants=tuple(_constants(one) for one in record["constants"]),
        ranks=None if ranks is None else _ranks(ranks),
        mean_ranks=None if record["mean_ranks"] is None else _numbers(record["mean_ranks"]),
        claims=tuple(Claim(**one) for one in record["claims"]),
        favours=tuple(_favour(one) for one in record["favours"]),
    )


class KeptBlocks:
    """The blocks of one recording that are analysed already.

    Attributes
    ----------
    folder : Path
        Where the files are; it is gone when the run is complete.
    """

    def __init__(self, out: Path, key: str, call: str) -> None:
        self.folder, self._key, self._call = out / "unfinished", key, call

    def of(self, blocks: Iterable[Block]) -> dict[str, BlockAnalysis]:
        """Return what is known already of these blocks, by name; a file that is damaged is none."""
        found = {}
        with disk(self.folder, self._call):
            for block in blocks:
                with suppress(FileNotFoundError, ValueError, KeyError, TypeError):
                    record = json.loads(self._path(block.name).read_text(encoding="utf-8"))
                    found[block.name] = from_record(block, record)
        return found

    def add(self, analysis: BlockAnalysis) -> None:
        """Keep the analysis of a block."""
        with disk(self.folder, self._call):
            self.folder.mkdir(exist_ok=True)
        content = json.dumps(to_record(analysis), allow_nan=False).encode()
        write_file(self._path(analysis.block.name), content, self._call)

    def finish(self) -> None:
        """Remove everything: the run is complete."""
        with disk(self.folder, self._call):
            for path in self.folder.glob("*.json"):
                path.unlink()
            if self.folder.is_dir():
                self.folder.rmdir()

    def _path(self, name: str) -> Path:
        return self.folder / f"{hashlib.sha256(json.dumps([self._key, name]).encode()).hexdigest()}.json"


def _fields_of(value: Any) -> Any:
    """Return records as tables of their fields, also those in a tuple."""
    if isinstance(value, tuple):
        return [_fields_of(one) for one in value]
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def _numbers(table: Mapping[str, Any]) -> dict[str, float]:
    return {name: read_number(value) for name, value in table.items()}


def _tail(table: Mapping[str, Any]) -> TailIndex:
    numbers = {name: read_number(table[name]) for name in ("value", "low", "high", "level", "lighter_p_value")}
    return TailIndex(**numbers, n_tail=tuple(table["n_tail"]))


def _ranks(table: Mapping[str, Any]) -> Ranks:
    stable, nuclear = (Estimate.from_dict(table[name]) for name in ("stable_rank", "nuclear_rank"))
    return Ranks(nuclear_rank=nuclear, stable_rank=stable, n_zero=table["n_zero"])


def _favour(table: Mapping[str, Any]) -> Favour:
    numbers = {name: read_number(table[name]) for name in ("p", "gradient_ratio", "break_even", "low", "high", "most")}
    return Favour(**numbers, verdict=table["verdict"], reason=table["reason"])


def _by_order(table: Mapping[str, Any]) -> dict[float, Estimate]:
    return {float(order): Estimate.from_dict(one) for order, one in table.items()}


def _constants(table: Mapping[str, Any]) -> Constants:
    return Constants(
        p=read_number(table["p"]),
        q=read_number(table["q"]),
        moment=_by_order(table["moment"]),
        covariance={side: Estimate.from_dict(one) for side, one in table["covariance"].items()},
        weighted=_by_order(table["weighted"]),
    )
