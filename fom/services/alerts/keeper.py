"""The work behind alerts, once for all processes: matching, advice to movements, overdue checks, states that proved
false, deliveries.

Deliveries have a thread of their own: a mail server that hangs holds up nothing else.

Every process runs it; marks in the database say how far the work has come, and whoever moves a mark first has done
that part. What is to be told is worked out outside of the writing transaction, which then only writes it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fom.domain.instants import SECOND_US
from fom.services.alerts.advice import advice_alerts, note_passed_on, waiting_advice
from fom.services.alerts.delivering import deliver_due
from fom.services.alerts.false_states import find_false_states
from fom.services.alerts.keeping import EVERY_US as PRUNE_EVERY_US
from fom.services.alerts.keeping import prune
from fom.services.alerts.matching import Batch, first_mark, match, read_batch
from fom.services.alerts.overdue import EVERY_US, find_overdue
from fom.services.alerts.raising import NewAlert, mark_of, move_mark, raise_alert
from fom.services.alerts.settings import AlertSettings, Outside
from fom.services.alerts.watching import Watches
from fom.services.picture_host import PictureHost
from fom.services.shown import ShownLog
from fom.store.database import Database
from fom.store.tables import AlertSubscription, Change

ROUND_S = 1.0
SETTLE_US = 3 * SECOND_US
"""How old a change is before it is asked whom it proves wrong: by then every process has written what it showed."""
log = logging.getLogger(__name__)


class AlertKeeper:
    """Works every second until stopped. `host` returns the picture host in use."""

    def __init__(
        self, settings: AlertSettings, database: Database, host: Callable[[], PictureHost], shown: ShownLog,
        *, clock: Callable[[], int], settle_us: int = SETTLE_US,
    ) -> None:  # fmt: skip
        self.outside = Outside.of(settings)
        self._days, self._settle_us = settings.shown_days, settle_us
        self._database, self._host, self._shown, self._clock = database, host, shown, clock
        self._watches = Watches()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._seen: dict[str, int] = {}
        self._begun: tuple[object, ...] = ()

    def start(self) -> None:
        """Begin in the background; the threads end with the process."""
        works = {"fom-alerts": self.work, "fom-deliveries": self.deliver}
        self._threads = [
            threading.Thread(target=self._run, args=(work,), name=name, daemon=True) for name, work in works.items()
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads after what they are doing, and wait for them."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=10)

    def step(self) -> None:
        """Do what there is to do."""
        self.work()
        self.deliver()

    def deliver(self) -> None:
        """Send what is due."""
        deliver_due(self._database, self.outside, clock=self._clock)

    def work(self) -> None:
        """Work out what is to be told, and write it."""
        self._shown.flush()
        self.begin()
        while not self._stop.is_set() and (self.match() or self.find_false_states()):
            pass
        while not self._stop.is_set() and self.pass_on_advice():
            pass
        self.find_overdue()
        self.prune()

    def begin(self) -> None:
        """Keep up to date what subscriptions ask about, so that what time moves there is noticed."""
        host = self._host()
        with self._database.reading() as session:
            query = select(func.count(), func.max(AlertSubscription.changed_at)).select_from(AlertSubscription)
            begun = (host, *session.execute(query).one())
            if begun == self._begun:
                return
            watches = self._watches.read(session, host)
        host.begin({watch.pair for watch in watches})
        self._begun = begun

    def match(self) -> bool:
        """Take in the next changes; return whether there may be more."""
        host = self._host()
        if self._seen.get("moves") == host.version:
            return False
        with self._database.reading() as session:
            before = mark_of(session, "moves")
            after = _first_wanted(session, host) if before is None else before
            batch = read_batch(session, host, after)
            watches = self._watches.read(session, host)
            alerts = [] if batch is None else match(session, host, watches, batch)
        return self._write("moves", before, after, batch, alerts)

    def find_false_states(self) -> bool:
        """Ask of the next settled changes whom they prove wrong; return whether there may be more."""
        host = self._host()
        if self._seen.get("false_states") == host.version:
            return False
        with self._database.reading() as session:
            before = mark_of(session, "false_states")
            after = first_mark(session, host) if before is None else before
            batch = _settled(read_batch(session, host, after), self._clock() - self._settle_us)
            alerts = [] if batch is None else find_false_states(session, host, batch, days=self._days)
            is_behind = batch is None and after < host.version
        if is_behind and before is not None:
            return False
        return self._write("false_states", before, after, batch, alerts)

    def pass_on_advice(self) -> bool:
        """Pass on to who asked for it what open movements were told; return whether there may be more."""
        with self._database.reading() as session:
            receipts = waiting_advice(session)
            alerts = advice_alerts(session, receipts) if receipts else []
        if not receipts:
            return False
        now = self._clock()
        with self._database.writing() as session:
            mine = {receipt.change_number for receipt in note_passed_on(session, receipts, now=now)}
            self._raise(session, [alert for alert in alerts if alert.change_number in mine], now)
        return True

    def find_overdue(self) -> bool:
        """Look for what is overdue, once for all processes in every span of some minutes."""
        now = self._clock()
        turn = now // EVERY_US
        if self._seen.get("overdue") == turn:
            return False
        self._seen["overdue"] = turn
        with self._database.reading() as session:
            before = mark_of(session, "overdue")
            if before is not None and before >= turn:
                return False
            host = self._host()
            alerts = find_overdue(session, host, self._watches.read(session, host), now=now)
        with self._database.writing() as session:
            if not move_mark(session, "overdue", before=before, to=turn, at=now):
                return False
            self._raise(session, alerts, now)
        return bool(alerts)

    def prune(self) -> int:
        """Take out what is older than its life, once for all processes in every quarter of a day."""
        now = self._clock()
        turn = now // PRUNE_EVERY_US
        if self._seen.get("prune") == turn:
            return 0
        with self._database.reading() as session:
            before = mark_of(session, "prune")
        if before is None or before < turn:
            with self._database.writing() as session:
                gone = prune(session, now=now, shown_days=self._days)
                if gone:  # there may be more: the next round goes on
                    return gone
                move_mark(session, "prune", before=before, to=turn, at=now)
        self._seen["prune"] = turn
        return 0

    def _write(
        self, name: str, before: int | None, after: int, batch: Batch | None, alerts: Sequence[NewAlert]
    ) -> bool:
        """Write alerts and move the mark, unless another process has; return whether there may be more."""
        if batch is None and before is not None:
            self._seen[name] = after
            return False
        now, to = self._clock(), after if batch is None else batch.up_to
        with self._database.writing() as session:
            if move_mark(session, name, before=before, to=to, at=now):
                self._raise(session, alerts, now)
        return batch is not None

    def _raise(self, session: Session, alerts: Sequence[NewAlert], now: int) -> None:
        for alert in alerts:
            is_gone = alert.subscription is not None and session.get(AlertSubscription, alert.subscription.id) is None
            if not is_gone:
                raise_alert(session, self.outside, alert, now=now)

    def _run(self, work: Callable[[], object]) -> None:
        is_failing = False
        while not self._stop.wait(ROUND_S):
            try:
                work()
                is_failing = False
            except Exception:
                # The edge of a thread: whatever it was, a database that is away or a fault of ours, the next round
                # tries again, so that no failure ends alerts for good. Marks move only with what was written.
                if not is_failing:  # once, not every second
                    log.exception("alerts could not be worked out or delivered")
                is_failing = True


def _first_wanted(session: Session, host: PictureHost) -> int:
    """Return after which change to begin when nothing was matched yet: what came before the first subscription."""
    oldest = session.scalar(select(func.min(AlertSubscription.created_at)))
    if oldest is None:
        return first_mark(session, host)
    return session.scalar(select(func.max(Change.number)).where(Change.at <= oldest)) or 0


def _settled(batch: Batch | None, until: int) -> Batch | None:
    """Return the part of a batch that happened up to a moment."""
    if batch is None:
        return None
    changes = [change for change in batch.changes if change.at <= until]
    return Batch(batch.after, changes, batch.rows, batch.touched) if changes else None
