"""`python -m bench`: measure everything, print the table and write docs/performance.md."""

from __future__ import annotations

import sys
import tempfile
from importlib import import_module
from pathlib import Path

from bench.table import Row, markdown

PARTS = ("bench_build", "bench_assessment", "bench_routing", "bench_tiles", "bench_live")
PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"


def main() -> None:
    """Run the parts one after another; each gets a scratch folder of the whole run."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch:
        for name in PARTS:
            print(f"measuring: {name}", file=sys.stderr)
            rows += import_module(f"bench.{name}").run(Path(scratch))
    table = markdown(rows)
    print(table)
    PAGE.write_text(f"# Performance\n\n{table}")


if __name__ == "__main__":
    main()
