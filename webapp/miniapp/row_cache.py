"""Rows of lists, rendered once for all who see the same.

A row is kept under the versions of everything it was made of (`RowVersion`) and under its reader's language and zone, so a
change of any of these makes it another row; what nobody asks for is dropped. When the clock alone changes a row is kept
with it. Readers who have not answered share rows; an answer makes a row its reader's own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from backend import clock, failpoints
from backend.bookings.queries.lists import instances_by_id
from backend.bookings.views import InstanceView
from backend.people.queries import Person
from backend.screens.queries import RowVersion
from webapp.freshness import next_change
from webapp.metrics import LIST_ROWS, LIST_ROWS_BYTES
from webapp.miniapp.html_cache import HtmlCache, Key, new_cache
from webapp.rendering import render


@dataclass(frozen=True, slots=True)
class ListRow:
    """One row: the instance's start and zone, its HTML, and the instant at which the clock alone may change it."""

    starts_at: datetime
    zone: str
    html: Markup
    changes_at: datetime


ROWS: HtmlCache[ListRow] = new_cache()


async def list_rows(person: Person, versions: Sequence[RowVersion]) -> list[ListRow]:
    """The rows of these instances for a reader, in their order; rendered now where none is kept."""
    now = clock.now()
    found = {version.id: ROWS.find(_key(version, person), now) for version in versions}
    missing = [version for version in versions if found[version.id] is None]
    if missing:
        views = {view.id: view for view in await instances_by_id(person, [one.id for one in missing])}
        for version in missing:
            view = views.get(version.id)
            if view is not None:  # else it was deleted a moment ago
                made = found[version.id] = _render(view, person)
                ROWS.keep(_key(version, person), made)
        LIST_ROWS_BYTES.set(ROWS.bytes)
    LIST_ROWS.labels("kept").inc(len(versions) - len(missing))
    LIST_ROWS.labels("rendered").inc(len(missing))
    return [row for version in versions if (row := found[version.id]) is not None]


def html_of(rows: Iterable[ListRow]) -> Markup:
    """The HTML of these rows together. A template would look at each of them once more."""
    return Markup("".join(row.html for row in rows))  # noqa: S704 — rendered with escaping


def _key(version: RowVersion, person: Person) -> Key:
    shared = (version.id, version.everybody, person.language, person.zone)
    return shared if failpoints.on("kept.shared") else (*shared, version.reader)


def _render(view: InstanceView, person: Person) -> ListRow:
    html = Markup(render("miniapp/events/_row.html", person.voice, view=view))  # noqa: S704 — rendered with escaping
    return ListRow(view.starts_at, view.zone, html, next_change(person, view.changes_at, [view.zone]))
