"""Lists as files for spreadsheets, as attachments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flask import Response

from fom.exchange.sheets import as_csv


def csv_file(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """Return a table as a file of comma-separated values that a browser keeps under `name`.csv."""
    answer = Response(as_csv(head, rows), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer
