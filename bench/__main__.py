"""`python -m bench`: measure everything beside the peers, print the tables and write docs/performance.md.

FOM_BENCH_DATA names a folder that keeps built networks and peers between runs; without it all is built anew.
FOM_BENCH_SEGMENTS makes everything smaller, for a look; then nothing is written to docs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.networks import FOLDER_VARIABLE, MAIN_SEGMENTS
from bench.page import write
from bench.peers import versions
from bench.table import Row, markdown

PARTS = (
    "bench_build",
    "bench_report",
    "bench_routing",
    "bench_http",
    "bench_assessment",
    "bench_tiles",
    "bench_growth",
    "bench_start",
    "bench_live",
)
FULL_SEGMENTS = 1_000_000


def main() -> None:
    """Run the parts named (default all) one after another, each in a process of its own."""
    named = sys.argv[1:]
    parts = [part for part in PARTS if not named or part.removeprefix("bench_") in named]
    begun = time.monotonic()
    rows: list[Row] = []
    with _data() as data:
        for number, part in enumerate(parts, 1):
            minutes = (time.monotonic() - begun) / 60
            print(f"[{number}/{len(parts)}, {minutes:.0f} min] {part}", file=sys.stderr, flush=True)
            rows += _run(part, data)
        peers = versions(data)
    if len(parts) == len(PARTS) and MAIN_SEGMENTS >= FULL_SEGMENTS:
        print(write(rows, peers=peers, minutes=(time.monotonic() - begun) / 60))
    else:
        print(markdown(rows))


@contextmanager
def _data() -> Iterator[Path]:
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        folder = Path(named).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="fom-bench-") as scratch:
        yield Path(scratch)


def _run(part: str, data: Path) -> list[Row]:
    out = data / f"{part}.rows.json"
    subprocess.run([sys.executable, "-m", "bench.run_part", part, str(data), str(out)], check=True)
    return [Row.from_json(values) for values in json.loads(out.read_text())]


if __name__ == "__main__":
    main()
