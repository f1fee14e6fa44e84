"""Runs many histories through oracle and service.

`python -m tests.oracle.campaign --histories 1000000 --seed 1 --jobs 2`
Prints progress, rate and disagreements; shrinks the first failures into `disagreements/`; exit code 1 on any.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from typing import NamedTuple

from tests.oracle.batches import seeded_batch
from tests.oracle.checking import Disagreement, check_batch, count_records, service
from tests.oracle.shrink import save

BATCH = 100
SAVED = 20
"""At most so many failures are shrunk and saved."""
SHOWN = 50


class Outcome(NamedTuple):
    """What one batch came to."""

    histories: int
    records: int
    rows: int
    states: Counter[str]
    disagreements: list[Disagreement]


def run_batch(seed: int, size: int = BATCH) -> Outcome:
    """Draw, assess and compare the batch of a seed."""
    batch = seeded_batch(seed, size)
    rows = [row["state"] for h in batch.histories for row in h.answer["segments"]]
    found = check_batch(batch, service())
    return Outcome(len(batch.histories), count_records(batch), len(rows), Counter(rows), found)


def run(histories: int, seed: int, jobs: int) -> int:
    """Run a campaign, print it, and return the number of disagreements."""
    began = told = time.monotonic()
    done = records = rows = wrong = greener = saved = 0
    states: Counter[str] = Counter()
    seeds = (seed * 1_000_000 + i for i in range(-(-histories // BATCH)))
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for outcome in pool.imap_unordered(run_batch, seeds, chunksize=1):
            done, records, rows = done + outcome.histories, records + outcome.records, rows + outcome.rows
            states.update(outcome.states)
            for d in outcome.disagreements:
                wrong, greener = wrong + 1, greener + bool(d.greener)
                if wrong <= SHOWN or d.greener:
                    label = "GREENER THAN THE EVIDENCE" if d.greener else "differs"
                    print(f"{label}: seed {d.batch.seed} {d.history.prefix} {'; '.join(d.lines)[:400]}", flush=True)
                if saved < SAVED:
                    print(f"  saved {save(d, service())}", flush=True)
                    saved += 1
            if time.monotonic() - told > 10:
                told = time.monotonic()
                rate = done / (told - began)
                print(
                    f"{done:,} of {histories:,} histories, {rate:.0f}/s, {wrong} disagree, {greener} greener",
                    flush=True,
                )
    seconds = time.monotonic() - began
    size = f"{done:,} histories, {records:,} records, {rows:,} rows"
    print(f"{size} in {seconds:.0f} s ({done / seconds:.0f}/s, {jobs} jobs)")
    print("rows by state: " + ", ".join(f"{name} {count:,}" for name, count in sorted(states.items())))
    print(f"{wrong} disagreements, {greener} of them greener than the oracle")
    return wrong


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    return 1 if run(arguments.histories, arguments.seed, arguments.jobs) else 0


if __name__ == "__main__":
    sys.exit(main())
