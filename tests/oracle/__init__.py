"""An independent, slow oracle of the viability rules, and random histories that hold the service against it.

What it is for
    `docs/formats.md` fixes every rule. The service computes it over arrays; this package computes it one segment, one
    direction and one instant at a time, in the plainest Python we could write, and shares no line with the service:
    nothing in here imports `fom`, except the tests and the campaign, which call the service only to compare.
    The worst failure of the service is a state that is greener than the evidence; this is the net under it.

Where things are
    `documents`   reads a network file and a facts file into plain records; policy, profiles
    `ground`      metres: local frames, distances, covers, stretches, MGRS; notes values close to a threshold
    `knowledge`   what is known at k: retractions, grades, links, which act can close what
    `row`         one segment in one direction at any instant; its components in `verification`, `explosive`,
                  `physical`, `control` (with `orders`), `risk`, `manual`
    `answer`      rows, next change, routes, lists: a whole fom-assessment/1 answer
    `compare`     where two answers differ, and where one is greener
    `setting`, `scene`, `drawing`, `followups`, `histories`, `batches`
                  random histories, and many of them in one document
    `campaign`    `python -m tests.oracle.campaign --histories 1000000 --seed 1 --jobs 2`
    `shrink`      the smallest history that still differs, saved as a case file in `disagreements/`

How to read a disagreement
    A file in `disagreements/` is a case as in `tests/golden`: network, facts, one question, and the oracle's answer as
    `expect`. Decide by the text of the format which side is wrong; then fix that side, never the comparison.
"""
