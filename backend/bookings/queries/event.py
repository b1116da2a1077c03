"""One instance, for one reader."""

from backend.bookings.view_queries import OPEN_BY_LINK, load_archived_views, load_view
from backend.bookings.views import InstanceView
from backend.errors import NotFound
from backend.people.queries import Person


async def event(code: str, person: Person) -> InstanceView:
    """One instance, for the members of its club, for who takes part, and for whoever has the link of an open
    one (`A10`). Raises `NotFound` for everybody else (`A1`)."""
    condition = f"i.code = $2 AND (m.id IS NOT NULL OR {OPEN_BY_LINK})"
    view = await load_view(condition, person.id, code)
    if view is not None:
        return view
    for archived in await load_archived_views(condition, person.id, code):
        return archived
    raise NotFound()


async def public_event(code: str) -> InstanceView:
    """One instance for anybody who has its link, if its series is open to them (`A5`); nothing of any reader
    is in it.

    Raises `NotFound` for every other code, whatever there is behind it: for a series of members, for an
    archived one.
    """
    view = await load_view("i.code = $2 AND r.visibility = 'link' AND r.archived_at IS NULL", None, code)
    if view is None:
        raise NotFound()
    return view


async def next_instance(view: InstanceView, person: Person | None) -> InstanceView | None:
    """The next scheduled instance of the same series after this one, as the person sees it, or nobody in
    particular; where to go on after a refusal."""
    return await load_view(
        "i.series_id = $2 AND i.state = 'SCHEDULED' AND i.starts_at > $3 ORDER BY i.starts_at",
        person and person.id,
        view.series_id,
        max(view.starts_at, view.now),
        now=view.now,
    )


async def instance_for_card(
    instance_id: int, person: Person | None = None
) -> tuple[InstanceView, InstanceView | None] | None:
    """An instance as a card shows it, to nobody in particular, or as a message shows it to a person; and the
    next scheduled instance of its series. None when it does not exist."""
    view = await load_view("i.id = $2", person and person.id, instance_id)
    return (view, await next_instance(view, None)) if view is not None else None
