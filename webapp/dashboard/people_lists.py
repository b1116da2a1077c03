"""Which part of its lists of people a page shows: what its address says, and what every link and form on it repeats, so
that an act answers with the same part."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlencode

from backend.accounts.queries import VISITOR, MemberFilter
from backend.accounts.rules import Role
from backend.bookings.roster import RosterKind, RosterPage, roster
from backend.typed_text import clean_line
from webapp.dashboard.session import Visit
from webapp.respond import AnyRequest

PAGE_SIZE = 50  # people of a list on a page
SEARCHED = 8  # more people than this bring a search field
_WORDS_MAX = 80  # characters
_ID_DIGITS = 18  # of a membership's id, which is a bigint


@dataclass(frozen=True, slots=True)
class ListQuery:
    """The words that are searched for; where there are several lists, the one that is shown at length; and the membership
    after which its page begins, None for the first page."""

    words: str
    show: str = ""
    after: int | None = None

    @property
    def parameters(self) -> dict[str, str | int]:
        """The same as parameters of an address."""
        named = {"q": self.words, "show": self.show, "after": self.after}
        return {name: value for name, value in named.items() if value}

    def __str__(self) -> str:
        """The query of the page's address, with its `?`; "" without one."""
        return f"?{urlencode(self.parameters)}" if self.parameters else ""

    def showing(self, name: str) -> Self:
        """The same with the first page of another list."""
        return replace(self, show=name, after=None)

    def turned(self, after: int | None) -> Self:
        """The same with another page of the list."""
        return replace(self, after=after)


@dataclass(frozen=True, slots=True)
class MemberQuery(ListQuery):
    """A query of the members' list, which also says of which role (or `VISITOR`) and of which group they are."""

    role: str = ""
    group: int | None = None
    invite: int | None = None  # the link by which they joined

    @property
    def parameters(self) -> dict[str, str | int]:
        """The same as parameters of an address."""
        named = {
            "role": self.role,
            "group": self.group,
            "invite": self.invite,
            "q": self.words,
            "after": self.after,
        }
        return {name: value for name, value in named.items() if value}

    @property
    def wanted(self) -> MemberFilter:
        """Whom it leaves in the list."""
        return MemberFilter(self.role, self.group, self.invite)


def search_text(request: AnyRequest, name: str) -> str:
    """The words in a parameter of the address, cleaned and cut."""
    return clean_line(request.query_params.get(name, "")[:_WORDS_MAX])


def read_list_query(request: AnyRequest, lists: Collection[str] = ()) -> ListQuery:
    """The query of a request to a page with these lists. What names none of them, or no page, is left out."""
    show, after = request.query_params.get("show", ""), request.query_params.get("after", "")
    return ListQuery(search_text(request, "q"), show if show in lists else "", read_id(after))


def read_member_query(request: AnyRequest) -> MemberQuery:
    """The query of a request to the members' list. A role that there is not counts as not said."""
    role = request.query_params.get("role", "")
    group, invite, after = (
        read_id(request.query_params.get(name, "")) for name in ("group", "invite", "after")
    )
    known = role if role in Role.__members__ or role == VISITOR else ""
    return MemberQuery(search_text(request, "q"), after=after, role=known, group=group, invite=invite)


def read_id(text: str) -> int | None:
    """The id of a row, as an address has it; None for what is none."""
    is_id = text.isascii() and text.isdecimal() and len(text) <= _ID_DIGITS
    return (int(text) or None) if is_id else None


async def roster_page(visit: Visit, instance_id: int, kind: RosterKind, query: ListQuery) -> RosterPage:
    """The page that the query names of one list of the people of an instance, in the order of the reader's language."""
    return await roster(
        instance_id,
        kind,
        words=query.words,
        after=query.after,
        limit=PAGE_SIZE,
        language=visit.person.language,
    )
