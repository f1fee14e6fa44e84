"""From the road to the wall: a report by phone, its grade at the desk, the state on the wall map; human steps counted.

Two figures come of it, and they are not the same: what the keystroke-level model gives for the taps and keys counted,
and what the clock said when the script paused as a person would. Neither was measured on people.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.sync_api import Locator, Page, expect

OPERATOR_S = {"M": 1.35, "P": 1.1, "B": 0.1, "K": 0.28}
"""Keystroke-level model as commonly quoted, seconds: think, point, press or let go, hit a key (not a typist). (J)"""
READ_S = {"place": 2.0, "item": 10.0, "preview": 3.0}
"""What a person reads, and for how long it is assumed: the model knows no reading. (J)"""
TAP = "PBB"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a person does."""

    who: str
    what: str
    operators: str = ""
    read: str = ""

    @property
    def estimate_s(self) -> float:
        """Return the seconds by the model, reading included."""
        return sum(OPERATOR_S[o] for o in self.operators) + READ_S.get(self.read, 0.0)


@dataclass
class TimedWalk:
    """Takes the steps, with the pauses of a person (`is_paced`) or without, and keeps what was done and when."""

    is_paced: bool
    steps: list[Step] = field(default_factory=list)
    moments: dict[str, float] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    _last: float = 0.0

    def reached(self, name: str) -> None:
        """Note when something was seen to have happened, seconds since the first step."""
        self._last = time.monotonic()
        self.moments[name] = self._last - self.began

    def pause_ended(self) -> None:
        """Leave out what passed since the last moment noted: a picture was taken."""
        self.began += time.monotonic() - self._last

    def step(self, step: Step, act: Callable[[], object]) -> None:
        """Do one step after the time it takes a person."""
        if not self.steps:
            self.began = time.monotonic()
        if self.is_paced:
            time.sleep(step.estimate_s)
        act()
        self.steps.append(step)

    def tap(self, who: str, what: str, target: Locator, *, thinks: bool = True) -> None:
        """Tap or click something."""
        self.step(Step(who, what, ("M" if thinks else "") + TAP), target.click)

    def press(self, who: str, what: str, page: Page, *keys: str) -> None:
        """Press keys one after the other."""

        def act() -> None:
            for key in keys:
                page.keyboard.press(key)

        self.step(Step(who, what, "M" + "K" * len(keys)), act)

    def read(self, who: str, what: str, name: str, shown: Callable[[], object]) -> None:
        """Read something that must be there."""
        self.step(Step(who, what, read=name), shown)

    @property
    def taps(self) -> int:
        """Return how often something was pointed at."""
        return sum(step.operators.count("P") for step in self.steps)

    @property
    def keys(self) -> int:
        """Return how many keys were hit."""
        return sum(step.operators.count("K") for step in self.steps)

    @property
    def estimate_s(self) -> float:
        """Return what all human steps take by the model, reading included."""
        return sum(step.estimate_s for step in self.steps)


def report_by_phone(walk: TimedWalk, phone: Page) -> str:
    """Report an improvised device where the phone stands; return the report's id. The phone shows `/report`."""
    walk.tap(
        "patrol", "opens the form for an explosive item", phone.get_by_role("link", name="Explosive item", exact=True)
    )
    walk.tap("patrol", "chooses the class", phone.get_by_label("Improvised device", exact=True))
    walk.tap("patrol", "takes the phone's position", phone.get_by_role("button", name="My position"), thinks=False)
    reading = phone.locator("[data-reading]")
    walk.read("patrol", "reads the place back", "place", lambda: expect(reading).to_be_visible())
    walk.tap("patrol", "sends", phone.get_by_role("button", name=re.compile("Send")), thinks=False)
    expect(phone.get_by_text("The JOC has it")).to_be_visible()
    walk.reached("report received")
    return phone.url.rsplit("/", 1)[1]


def grade_at_the_desk(walk: TimedWalk, desk: Page, report_id: str, grade: str) -> None:
    """Go to what just came and choose its grade by the keyboard alone. The desk stands open since before the report."""
    expect(desk.locator("[data-fresh]")).to_be_visible()
    walk.reached("desk told")
    walk.press("duty officer", "shows what came", desk, "r")
    desk.locator("[data-desk][data-ready]").wait_for()
    here = desk.locator(f'[data-queue] a[href*="{report_id}"][aria-current]')
    while not here.count():  # what matters more stands above it
        walk.press("duty officer", "goes on to the next item", desk, "j")
        desk.wait_for_timeout(50)
    title = desk.locator("[data-title]")
    walk.read("duty officer", "reads the item", "item", lambda: expect(title).to_contain_text("Explosive item"))
    walk.press("duty officer", f"chooses {grade}", desk, "g", grade[0].lower(), grade[1])
    preview = desk.locator("[data-preview]")
    told = re.compile(f"If you set {grade}")
    walk.read("duty officer", "reads what it would do", "preview", lambda: expect(preview).to_contain_text(told))
    walk.reached("grade chosen")


def set_grade(walk: TimedWalk, desk: Page, grade: str) -> None:
    """Set the grade that was chosen."""
    walk.press("duty officer", f"sets {grade}", desk, "Enter")
    expect(desk.get_by_role("status")).to_contain_text(f"Graded {grade}")
    walk.reached("graded")


def table_of(walk: TimedWalk) -> str:
    """Return the steps and what came of them as lines for docs/walk.md."""
    rows = ["| Who | Does | Taps, keys | Model, s |", "|---|---|---|---|"]
    for step in walk.steps:
        hits = step.operators.count("P") + step.operators.count("K")
        rows.append(f"| {step.who} | {step.what} | {hits or ''} | {step.estimate_s:.1f} |")
    rows.append(f"| | all human steps | {walk.taps} taps, {walk.keys} keys | {walk.estimate_s:.1f} |")
    moments = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in walk.moments.items())
    return "\n".join([*rows, "", f"By the clock, paced: {moments}."])
