"""``python -m benchmarks [NAME …] [--quick] [--out DIR] [--write FILE]``: run the benchmarks and write their table.

Exit codes: 0 every error gate is met (a ratio that is not reached is printed, it is no error); 1 an error gate is not
met; 2 bad usage; 3 a benchmark ended with an exception; 4 interrupted.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import json
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import threadpoolctl

from . import NAMES
from .figure import draw_growth
from .growth import Growth
from .measuring import CannotRunError, Measurement, machine
from .page import FIGURE, page
from .table import lines_of


def load(name: str) -> Any:
    """Return the module of a benchmark."""
    return importlib.import_module(f"benchmarks.{name}")


def run(name: str, quick: bool) -> dict[str, Any]:
    """Return the record of one benchmark: its claim, measurements, machine and status."""
    module = load(name)
    claim = (module.__doc__ or "").strip().split("\n\n")[0].removeprefix("Claim: ")
    record = {"schema": 1, "name": name, "claim": " ".join(claim.split()), "quick": quick, "rows": [], "status": "ok"}
    start = time.perf_counter()
    try:
        with threadpoolctl.threadpool_limits(limits=1):
            found = module.measure(quick)
        rows = [found] if isinstance(found, Measurement | Growth) else list(found)
        record["rows"] = [row.record() for row in rows]
    except CannotRunError as reason:
        record["status"] = f"not run: {reason}"
    except Exception as error:
        traceback.print_exc()
        record["status"] = f"failed: {type(error).__name__}: {error}"
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return record | {"seconds": round(time.perf_counter() - start, 1), "finished": now} | machine()


def _print(record: dict[str, Any]) -> None:
    print(f"{record['name']}\n  {record['claim']}")
    if record["status"] != "ok":
        print(f"  {record['status']}")
    for row in record["rows"]:
        print("\n".join(lines_of(row, record["quick"])))
    print(f"  ({record['seconds']} s)", flush=True)


def _names(parser: argparse.ArgumentParser, asked: Sequence[str]) -> list[str]:
    for name in asked:
        if name not in NAMES:
            near = difflib.get_close_matches(name, NAMES, n=1)
            parser.error(f"there is no benchmark {name!r}" + (f"; did you mean {near[0]!r}?" if near else "."))
    return [name for name in NAMES if not asked or name in asked]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="benchmarks to run; all when none is named")
    parser.add_argument("--list", action="store_true", help="print the names and run nothing")
    parser.add_argument("--quick", action="store_true", help="smallest sizes, no ratio judged")
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep a record of each benchmark, DIR/NAME.json")
    page_help = "write the page of all records in DIR, and its figure beside it; needs --out"
    parser.add_argument("--write", type=Path, metavar="FILE", help=page_help)
    parser.add_argument("--no-run", action="store_true", help="run nothing: write the page of the records in DIR")
    options = parser.parse_args(arguments)
    names = _names(parser, options.names)
    if options.write and not options.out:
        parser.error("--write needs --out DIR, where the records are.")
    if options.list:
        print("\n".join(names))
        return 0

    code = 0
    for name in [] if options.no_run else names:
        try:
            record = run(name, options.quick)
        except KeyboardInterrupt:
            print("interrupted; the records of finished benchmarks are kept", file=sys.stderr)
            return 4
        _print(record)
        if options.out:
            _keep(options.out, record)
        if record["status"].startswith("failed"):
            code = code or 3
        if not all(row["is_met"] for row in record["rows"]):
            code = 1
    if options.write:
        kept = [options.out / f"{name}.json" for name in NAMES]
        records = [json.loads(path.read_text(encoding="utf-8")) for path in kept if path.exists()]
        growths = [row for record in records for row in record["rows"] if row["kind"] == "growth"]
        if growths:
            draw_growth(growths, options.write.parent / FIGURE)
        options.write.write_text(page(records), encoding="utf-8")
    return code


def _keep(folder: Path, record: dict[str, Any]) -> None:
    """Write a record whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".part", delete=False, encoding="utf-8") as file:
        file.write(text)
    Path(file.name).replace(folder / f"{record['name']}.json")


if __name__ == "__main__":
    raise SystemExit(main())
