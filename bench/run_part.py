"""One part in a process of its own: `python -m bench.run_part NAME DATA OUT`; rows go to OUT as JSON."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path


def main() -> None:
    """Run the part and write its rows."""
    name, data, out = sys.argv[1:]
    rows = import_module(f"bench.{name}").run(Path(data))
    Path(out).write_text(json.dumps([row.to_json() for row in rows]))


if __name__ == "__main__":
    main()
