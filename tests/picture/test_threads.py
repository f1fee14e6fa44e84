"""Readers see the picture before a change or after it, never a mixture."""

from __future__ import annotations

import threading

from tests.picture.drawn_cases import drawn_case


def test_what_readers_see_while_records_come_in_is_always_one_whole_picture() -> None:
    case = drawn_case(3, 6)
    records = list(case.facts.records)
    steps = [records[i : i + 5] for i in range(0, len(records), 5)]
    expected = set()
    for number in range(len(steps) + 1):
        so_far = [record for step in steps[:number] for record in step]
        expected.add(case.picture(so_far).assess(case.question).states.tobytes())
    picture = case.picture(())
    seen: list[bytes] = []
    is_over = threading.Event()

    def read() -> None:
        while not is_over.is_set():
            assessment = picture.assess(case.question)
            seen.append(assessment.states.tobytes())
            assessment.answer(with_texts=False)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for step in steps:
        picture.apply(step)
    is_over.set()
    for reader in readers:
        reader.join()
    seen.append(picture.assess(case.question).states.tobytes())
    assert set(seen) <= expected
