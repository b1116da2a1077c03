"""Query parameters that several lists share, and how a list is split into pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal, Protocol, TypeVar
from urllib.parse import urlencode

from litestar.params import FromQuery, PathParameter, QueryParameter

PAGE_SIZE = 60  # instances on a screen

_NO_NUL = r"^[^\x00]*$"  # PostgreSQL stores no NUL
OptionalId = Annotated[int | None, QueryParameter(ge=1, le=2**63 - 1)]
# An account is a club in every address that people see.
AccountQuery = Annotated[int | None, QueryParameter(name="club", ge=1, le=2**63 - 1)]
PathId = Annotated[int, PathParameter(ge=1, le=2**63 - 1)]
Initial = Annotated[str, QueryParameter(max_length=4, pattern=_NO_NUL)]
SearchWords = Annotated[str | None, QueryParameter(max_length=100, pattern=_NO_NUL)]
BookingsTab = Annotated[Literal["coming", "waiting", "past"], QueryParameter()]


@dataclass(frozen=True, slots=True)
class ListFilters:
    """Which part of a list the reader's screen shows: an answer given there renders the same part again."""

    account_id: int | None = None
    group: int | None = None
    q: str | None = None
    after: int | None = None
    show: BookingsTab = "coming"


def list_filters(
    account_id: AccountQuery = None,
    group: OptionalId = None,
    q: SearchWords = None,
    after: FromQuery[int | None] = None,
    show: BookingsTab = "coming",
) -> ListFilters:
    """A dependency of handlers whose address repeats the query of the list they answer on."""
    return ListFilters(account_id, group, q, after, show)


def parse_cursor(seconds: int | None) -> datetime | None:
    """The instant (from Unix seconds) a page starts from; None for no cursor, and for seconds that are no
    date."""
    return datetime.fromtimestamp(seconds, UTC) if seconds and 0 < seconds < 2**33 else None


class Starts(Protocol):
    """What starts at an instant: an instance, or a row of a list."""

    @property
    def starts_at(self) -> datetime: ...


Item = TypeVar("Item", bound=Starts)


def split_page(views: Sequence[Item]) -> tuple[Sequence[Item], int | None]:
    """The first page of instances ordered by start, and the cursor of the next page if there is one.

    Expects up to `PAGE_SIZE` + 1 instances. Those that start together stay on one page, because the cursor is
    a start: the next page would skip the rest of them.
    """
    if len(views) <= PAGE_SIZE:
        return views, None
    cut = views[PAGE_SIZE].starts_at
    page = [view for view in views[:PAGE_SIZE] if view.starts_at != cut] or views[:PAGE_SIZE]
    return page, int(page[-1].starts_at.timestamp())


def url_with_query(path: str, **query: object) -> str:
    """The path with every parameter that is not None."""
    encoded = urlencode({name: value for name, value in query.items() if value is not None})
    return f"{path}?{encoded}" if encoded else path
