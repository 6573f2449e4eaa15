"""The output folder of a study: one Parquet part a finished cell, a manifest, and the parts put together.

Nothing is changed in place: a file is written under a temporary name in its own folder, then renamed. A part that
exists is never written again, so a run that was killed goes on where it stopped.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from schattor_theory.checks import fail
from schattor_theory.errors import StoreError
from synthetic.seeds import canonical_json
from synthetic.simulate import TOLERANCE

from ..files import disk, write_file
from .columns import SCHEMA, failed_rows
from .environment import environment
from .plan import RESULTS_VERSION, Cell, Study
from .study_file import read_study

__all__ = ["CALL", "Store"]

CALL = "study"
"""The command in messages about its files."""
_METADATA = b"schattor_cell"


def _json_bytes(content: object) -> bytes:
    return (json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n").encode()


@dataclass
class Store:
    """The output folder of one study.

    Attributes
    ----------
    folder : Path
        The folder.
    manifest : dict
        What ``manifest.json`` holds.
    damaged : list of str
        Names of parts that could not be read and were set aside by :meth:`missing`.
    """

    folder: Path
    manifest: dict[str, object]
    damaged: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, folder: str | Path, study: Study, *, device: str = "cpu") -> Store:
        """Return the store in ``folder``, made when it is not there yet.

        Raises
        ------
        StoreError
            If the folder cannot be written, holds another study, another results version, another kind of device,
            or files that are no study.
        """
        folder = Path(folder)
        with disk(folder, CALL):
            folder.mkdir(parents=True, exist_ok=True)
            found = cls.read_manifest(folder)
            if found is None and any(not entry.name.startswith(".") for entry in folder.iterdir()):
                got = sorted(entry.name for entry in folder.iterdir())[:3]
                fail(StoreError, CALL, "out", "be empty or hold this study", got, "Choose another folder with --out.")
        if found is not None:
            cls._check_same(folder, found, study, device)
        manifest = {
            "schema": 1,
            "study": study.name,
            "scale": study.scale,
            "study_digest": study.digest,
            "results_version": RESULTS_VERSION,
            "block_size": study.block_size,
            "tolerance": TOLERANCE,  # of directions and norms, beyond rounding
            **environment(device),
        }
        store = cls(folder, manifest)
        write_file(folder / "manifest.json", _json_bytes(manifest), CALL)
        write_file(folder / "study.toml", study.text.encode(), CALL)
        with disk(folder, CALL):
            store.parts.mkdir(exist_ok=True)
        return store

    @classmethod
    def existing(cls, folder: str | Path) -> tuple[Store, Study]:
        """Return the store of a folder that a run has left, finished or not, and the study it holds.

        Raises
        ------
        StoreError
            If there is no such folder, or it holds no study.
        """
        folder = Path(folder)
        found = cls.read_manifest(folder)
        if found is None:
            way_out = "Give the --out folder of a `schattor study run`."
            fail(StoreError, CALL, "folder", "hold the manifest of a study", str(folder), way_out)
        path = folder / "study.toml"
        with disk(path, CALL):
            text = path.read_text(encoding="utf-8")
        return cls(folder, found), read_study(text, str(path), scale=str(found.get("scale", "full")))

    @staticmethod
    def read_manifest(folder: Path) -> dict[str, object] | None:
        """Return the manifest of a folder, or None when it has none.

        Raises
        ------
        StoreError
            If the manifest cannot be read.
        """
        path = folder / "manifest.json"
        if not path.exists():
            return None
        try:
            with disk(path, CALL):
                found = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            if isinstance(error, StoreError):
                raise
            fail(StoreError, CALL, "manifest.json", "be JSON", str(error), f"Remove {path} or choose another folder.")
        if not isinstance(found, dict) or "study" not in found:
            fail(StoreError, CALL, "manifest.json", "be the manifest of a study", found, "Choose another folder.")
        return found

    @staticmethod
    def _check_same(folder: Path, found: Mapping[str, object], study: Study, device: str) -> None:
        wanted = {
            "study": study.name,
            "scale": study.scale,
            "results_version": RESULTS_VERSION,
            "device": device,
        }
        for key, value in wanted.items():
            if found.get(key) != value:
                what = key.replace("_", " ")
                way_out = f"{folder} holds results of another {what}. Choose another folder with --out."
                fail(StoreError, CALL, f"out ({key})", f"be {value!r}", found.get(key), way_out)

    @property
    def parts(self) -> Path:
        """Return the folder of the parts."""
        return self.folder / "parts"

    def part(self, cell: Cell) -> Path:
        """Return where the part of ``cell`` lies."""
        return self.parts / f"{cell.digest}.parquet"

    def records(self, cell: Cell) -> Path:
        """Return where the recorded paths of ``cell`` lie, when there are any."""
        return self.parts / f"{cell.digest}.npz"

    def _identity(self, cell: Cell) -> dict[str, object]:
        return {
            "axes": canonical_json(cell.axes),
            "block": cell.block,
            "block_size": cell.block_size,
            "results_version": RESULTS_VERSION,
            "device": self.manifest["device"],
        }

    def write(
        self, cell: Cell, rows: pa.Table, seconds: float, records: Mapping[str, np.ndarray] | None = None
    ) -> None:
        """Write the part of a finished cell, recorded paths first, so that a part that exists has its paths.

        The wall time is metadata of the part: rows do not depend on it.
        """
        if records:
            paths = io.BytesIO()
            np.savez_compressed(paths, **records)  # type: ignore[arg-type]  # as if a name were allow_pickle
            write_file(self.records(cell), paths.getvalue(), CALL)
        metadata = {_METADATA: json.dumps(self._identity(cell) | {"seconds": round(seconds, 6)}).encode()}
        buffer = io.BytesIO()
        pq.write_table(rows.replace_schema_metadata(metadata), buffer, write_page_checksum=True)
        write_file(self.part(cell), buffer.getvalue(), CALL)

    def read(self, cell: Cell) -> tuple[pa.Table, float]:
        """Return the rows of a part and its wall time in seconds.

        Raises
        ------
        ValueError
            If the part is damaged or is not the part of ``cell``.
        """
        content = self.part(cell).read_bytes()
        try:
            table = pq.ParquetFile(io.BytesIO(content), page_checksum_verification=True).read()
        except (pa.ArrowException, OSError) as error:  # pyarrow reports a truncated file as an OSError
            raise ValueError(str(error)) from error
        metadata = table.schema.metadata or {}
        if _METADATA not in metadata:
            raise ValueError("it does not say which cell it belongs to")
        identity = json.loads(metadata[_METADATA])
        seconds = float(identity.pop("seconds", 0.0))
        if identity != self._identity(cell):
            raise ValueError("it belongs to another cell")
        if table.num_rows != cell.block_size or table.schema.names != SCHEMA.names:
            raise ValueError(f"it has {table.num_rows} rows and {table.num_columns} columns")
        return table.replace_schema_metadata(None), seconds

    def missing(self, cells: Sequence[Cell]) -> list[Cell]:
        """Return the cells that have no readable part; a damaged part is set aside as ``*.damaged`` and named."""
        left = []
        for cell in cells:
            path = self.part(cell)
            if path.exists():
                try:
                    with disk(path, CALL):
                        self.read(cell)
                    continue
                except StoreError:
                    raise
                except ValueError as error:
                    with disk(path, CALL):
                        os.replace(path, path.with_suffix(".parquet.damaged"))
                    self.damaged.append(f"{path.name} ({cell.label()}): {error}")
            left.append(cell)
        return left

    def write_failures(self, failures: Mapping[str, Mapping[str, str]]) -> None:
        """Write which cells could not run, by digest; an empty table removes the file."""
        path = self.folder / "failures.json"
        if failures:
            write_file(path, _json_bytes(dict(failures)), CALL)
        else:
            with disk(path, CALL):
                path.unlink(missing_ok=True)

    def failures(self, cells: Sequence[Cell]) -> dict[str, dict[str, str]]:
        """Return which of the cells could not run in the last run, by digest."""
        path = self.folder / "failures.json"
        if not path.exists():
            return {}
        with disk(path, CALL):
            found = json.loads(path.read_text(encoding="utf-8"))
        wanted = {cell.digest for cell in cells if not self.part(cell).exists()}
        return {key: value for key, value in found.items() if key in wanted}

    def assemble(self, cells: Sequence[Cell]) -> pa.Table:
        """Return all rows there are, in the order of the cells, and write them to ``results.parquet``.

        Rows depend on the cells alone: not on the order they finished in, the number of jobs, or interruptions.
        """
        failures = self.failures(cells)
        tables = [SCHEMA.empty_table()]
        for cell in cells:
            if self.part(cell).exists():
                tables.append(self.read(cell)[0])
            elif cell.digest in failures:
                tables.append(failed_rows(cell, failures[cell.digest]["error"]))
        table = pa.concat_tables(tables)
        buffer = io.BytesIO()
        pq.write_table(table, buffer, write_page_checksum=True)
        write_file(self.folder / "results.parquet", buffer.getvalue(), CALL)
        return table

    def seconds(self, cells: Sequence[Cell]) -> dict[str, float]:
        """Return the wall time of each finished cell, by digest."""
        return {cell.digest: self.read(cell)[1] for cell in cells if self.part(cell).exists()}
