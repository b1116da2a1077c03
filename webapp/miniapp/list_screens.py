"""The two lists of a reader's dates, what is coming and what is theirs: answers given on a list render it
again."""

from typing import Any

from litestar import Response

from backend.accounts.rules import Permission
from backend.bookings import etags
from backend.bookings.queries import lists as lists_queries
from backend.bookings.standing_seats import own_standing_seats
from backend.bookings.views import InstanceView
from backend.errors import NotFound
from backend.people.queries import Person
from backend.rule_sentences import recurrence_label
from backend.screens.queries import home, home_version
from backend.seats.requests import Outcome
from webapp.freshness import etag_of, is_fresh, seen_token
from webapp.ical_files import file_url
from webapp.miniapp.labels import group_by_day, group_by_month
from webapp.miniapp.paging import (
    PAGE_SIZE,
    BookingsTab,
    ListFilters,
    parse_cursor,
    split_page,
    url_with_query,
)
from webapp.miniapp.responses import ScreenResponse, render_if_capacity, screen
from webapp.miniapp.row_cache import html_of, list_rows
from webapp.notices import Undo
from webapp.respond import not_modified


async def upcoming_screen(
    person: Person,
    filters: ListFilters,
    *,
    seen: str = "",
    outcome: Outcome | None = None,
    undo: Undo | None = None,
) -> ScreenResponse:
    """The dates to come of all the reader's clubs (`A8`); 204 when `seen` is fresh; after an answer with its
    message. Raises `NotFound` for a club that is not theirs, or no longer (`A1`)."""
    account_id, group = filters.account_id, filters.group
    part: dict[str, Any] = {
        "account_id": account_id,
        "group_id": group,
        "words": filters.q or "",
        "limit": PAGE_SIZE + 1,
        "after": parse_cursor(filters.after),
    }
    if seen and is_fresh(seen, etag_of(await home_version(person, **part), person)):
        return not_modified()

    async def render() -> Response[str]:
        found = await home(person, **part)
        chosen = next((one for one in found.accounts if one.id == account_id), None)
        if account_id is not None and chosen is None and outcome is None:
            raise NotFound()
        only_account = account_id or (found.accounts[0].id if len(found.accounts) == 1 else None)
        rows, cursor = split_page(await list_rows(person, found.rows))
        questions = await lists_queries.needs_answer(person) if found.may_need_answer else []
        changes_at = [row.changes_at for row in rows] + [at for one in questions for at in one.changes_at]
        query = {"club": account_id, "group": group, "q": filters.q}
        return screen(
            "events/index.html",
            person,
            outcome=outcome.kind if outcome else "",
            message=outcome.words if outcome else None,
            undo=undo,
            questions=questions,
            accounts=found.accounts,
            chosen=chosen and chosen.id,
            chosen_account=chosen,
            organises=[one.id for one in found.accounts if one.has_permission(Permission.MANAGE_EVENTS)],
            groups=[one for one in found.groups if one.account_id == only_account],
            group=group,
            search_words=filters.q,
            days=[(day, html_of(day.entries)) for day in group_by_day(rows, person.voice)],
            more=url_with_query("/app/events", **query, after=cursor) if cursor else "",
            address=url_with_query("/app/events", **query, after=filters.after),
            here=url_with_query("", here="events", **query, after=filters.after),
            seen=seen_token(
                etag_of(found.version, person), person, changes_at, {one.zone for one in questions}
            ),
        )

    return await render_if_capacity(seen, render())


async def bookings_screen(
    person: Person,
    tab: BookingsTab = "coming",
    *,
    before: int | None = None,
    seen: str = "",
    outcome: Outcome | None = None,
    undo: Undo | None = None,
) -> ScreenResponse:
    """What the reader is in, waits for, or was in; 204 when `seen` is fresh; after an answer with its
    message.

    `before` (Unix seconds) is the cursor of past dates.
    """
    is_past = tab == "past"
    etag = etag_of(tab, await etags.my_bookings_etag(person, past=is_past), person)
    if is_fresh(seen, etag):
        return not_modified()

    async def render() -> Response[str]:
        ahead = await lists_queries.my_bookings(person)
        questions = await lists_queries.needs_answer(person)
        waiting = [view for view in ahead if view.mine and view.mine.waiting + view.mine.offered]
        coming = [view for view in ahead if view not in waiting]
        past, cursor = split_page(await _past(person, before) if is_past else [])
        record = await lists_queries.record(person) if is_past else None
        standing_seats = await own_standing_seats(person) if tab == "coming" else []
        booked = {view.code: view for view in coming if view.mine and view.mine.seats}
        changes_at = (moment for view in (*ahead, *past) for moment in view.changes_at)
        zones = {view.zone for view in (*ahead, *past)} | {seat.zone for seat in standing_seats}
        return screen(
            "bookings/index.html",
            person,
            outcome=outcome.kind if outcome else "",
            message=outcome.words if outcome else None,
            undo=undo,
            show=tab,
            here=url_with_query("", here="bookings", show=tab),
            coming=coming,
            waiting=waiting,
            questions=questions,
            standing_seats=[(seat, booked.get(seat.next_code or "")) for seat in standing_seats],
            rhythms={
                view.code: recurrence_label(person.voice, view.rule, view.starts_local)
                for view in booked.values()
            },
            calendar=file_url(coming[0].code, person) if coming else "",
            record=record,
            past=group_by_month(past, person.voice),
            before=before,
            earlier_cursor=cursor,
            address=url_with_query("/app/bookings", show=tab, before=before),
            seen=seen_token(etag, person, changes_at, zones),
        )

    return await render_if_capacity(seen, render())


async def _past(person: Person, before: int | None) -> list[InstanceView]:
    """A page of past dates, and one more."""
    return await lists_queries.my_bookings(
        person, past=True, limit=PAGE_SIZE + 1, before=parse_cursor(before)
    )
