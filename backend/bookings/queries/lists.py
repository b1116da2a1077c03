"""Lists of instances, each for one screen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from backend import clock, db
from backend.archive import AGE_MIN
from backend.bookings.view_queries import SEES_INSTANCE, load_archived_views, load_views
from backend.bookings.views import InstanceView
from backend.groups.sql import SEES_SERIES
from backend.people.queries import Person
from backend.search import named_days, search_words, word_patterns

MONTH_MAX = 500  # instances of a month

# Whether these fields have each word that is looked for: $7 is its pattern, $8 the days it may name.
_HAVE_WORDS = (
    "(SELECT bool_and(lower(concat_ws(' ', {})) ~ word.pattern OR coalesce(i.starts_local <@ word.days::tsmultirange, false))"
    " FROM unnest($7::text[], $8::text[]) AS word (pattern, days))"
)
_OWN = "coalesce(i.title, r.title), coalesce(i.place, r.place)"
# Dates to come: $2 now, $3 page on from, $5 a group.
_AHEAD = (
    "i.ends_at > $2 AND i.starts_at > $3 AND ($5::bigint IS NULL OR r.group_id = $5)"
    f" AND ($7::text[] = '{{}}' OR {_HAVE_WORDS.format(f'{_OWN}, a.name')})"
)
# The first $6 of the reader's clubs, or of the club $4, with the versions of what everybody sees of them. They are found club by
# club through (account_id, starts_at), and the series of each is looked up: no more are read than are shown.
AHEAD = f"""(SELECT m.id AS membership_id, i.* FROM memberships m CROSS JOIN LATERAL (
    SELECT i.id, i.starts_at, i.claim_until, i.xmin AS i, r.xmin AS r, a.xmin AS a
    FROM accounts a JOIN event_instances i ON i.account_id = a.id
    CROSS JOIN LATERAL (SELECT *, xmin FROM event_series WHERE id = i.series_id OFFSET 0) r
    WHERE a.id = m.account_id AND {_AHEAD} AND {SEES_INSTANCE} ORDER BY i.starts_at, i.id LIMIT $6) i
WHERE m.user_id = $1 AND m.left_at IS NULL AND ($4::bigint IS NULL OR m.account_id = $4)
ORDER BY i.starts_at, i.id LIMIT $6)"""
# The same with those first that have the words themselves, and not only in the club's name.
_BY_ACCOUNT = f"{_HAVE_WORDS.format(_OWN)} IS FALSE"
_BEST_AHEAD = AHEAD.replace("SELECT i.id,", f"SELECT {_BY_ACCOUNT} AS by_account, i.id,", 1).replace(
    "ORDER BY i.", "ORDER BY by_account, i."
)
UPCOMING = f"i.id = ANY (ARRAY(SELECT id FROM {AHEAD} first)) ORDER BY i.starts_at, i.id"
BEST_FIRST = (
    f"i.id = ANY (ARRAY(SELECT id FROM {_BEST_AHEAD} first)) ORDER BY {_BY_ACCOUNT}, i.starts_at, i.id"
)


def search_values(
    person: Person,
    *,
    account_id: int | None = None,
    group_id: int | None = None,
    words: str = "",
    limit: int = 60,
    after: datetime | None = None,
) -> tuple[object, ...]:
    """What `AHEAD` asks for, from $1 on."""
    now, searched = clock.now(), search_words(words)
    return (
        person.id,
        now,
        after or now - timedelta(days=30),
        account_id,
        group_id,
        limit,
        word_patterns(searched),
        [named_days(word, person.language, now.date()) for word in searched],
    )


async def upcoming(
    person: Person,
    *,
    account_id: int | None = None,
    group_id: int | None = None,
    words: str = "",
    limit: int = 60,
    after: datetime | None = None,
    best_first: bool = False,
) -> list[InstanceView]:
    """The dates to come over all the person's clubs (`A8`), soonest first; cancelled ones too, until their
    end.

    `words` are looked for in titles, places and clubs' names, a typing error forgiven, and as names of months and
    weekdays; `after` pages on from an instance's start. With `best_first` those that have them only in the club's name come last.
    """
    values = search_values(
        person, account_id=account_id, group_id=group_id, words=words, limit=limit, after=after
    )
    return await load_views(BEST_FIRST if best_first and search_words(words) else UPCOMING, *values)


async def instances_by_id(person: Person, ids: Sequence[int]) -> list[InstanceView]:
    """These instances, as far as they are of the person's clubs, in no order."""
    return await load_views("m.id IS NOT NULL AND i.id = ANY($2::bigint[])", person.id, ids)


async def account_upcoming(account_id: int, *, limit: int) -> list[InstanceView]:
    """The dates of a club to come, soonest first, as they are for nobody in particular (`M7`)."""
    return await load_views(
        "i.account_id = $2 AND i.ends_at > $3 ORDER BY i.starts_at, i.id LIMIT $4",
        None,
        account_id,
        clock.now(),
        limit,
    )


# The dates of the reader's clubs that start within [$2, $3), of one club when $4 is one, at most $5.
BETWEEN = (
    "m.id IS NOT NULL AND i.starts_at >= $2 AND i.starts_at < $3 AND ($4::bigint IS NULL"
    " OR i.account_id = $4)"
    " ORDER BY i.starts_at, i.id LIMIT $5"
)


async def between(
    person: Person, since: datetime, until: datetime, *, account_id: int | None = None
) -> list[InstanceView]:
    """The dates over all the person's clubs that start within [since, until), past ones too, soonest
    first."""
    return await _with_archive(since, MONTH_MAX, BETWEEN, person.id, since, until, account_id, MONTH_MAX)


async def _with_archive(since: datetime, limit: int, condition: str, *values: object) -> list[InstanceView]:
    """What a condition finds, soonest first; what starts after `since` may be in the archive."""
    found = await load_views(condition, *values)
    if since < clock.now() - AGE_MIN:
        both = [*await load_archived_views(condition, *values), *found]
        found = sorted(both, key=lambda view: (view.starts_at, view.id))[:limit]
    return found


async def _past_with_archive(
    limit: int, order: Callable[[InstanceView], tuple[float, int]], condition: str, *values: object
) -> list[InstanceView]:
    """What a condition of dates that are over finds, in its order, the newest first. What is in the archive is older than
    nearly everything else."""
    found = await load_views(condition, *values)
    if len(found) < limit or found[-1].starts_at < clock.now() - AGE_MIN:
        found = sorted([*found, *await load_archived_views(condition, *values)], key=order)[:limit]
    return found


# Chats with dates that are not over at $2, in clubs of $1. The newest dates of a series are looked at first.
GROUPS_AHEAD = f"""FROM groups g
    JOIN memberships m ON m.account_id = g.account_id AND m.user_id = $1 AND m.left_at IS NULL
        AND m.visitor_since IS NULL
WHERE EXISTS (SELECT 1 FROM event_series r CROSS JOIN LATERAL (SELECT i.ends_at FROM event_instances i
    WHERE i.series_id = r.id ORDER BY i.original_start DESC OFFSET 0) dates
        WHERE r.group_id = g.id AND dates.ends_at > $2 AND {SEES_SERIES})"""


async def my_bookings(
    person: Person, *, past: bool = False, limit: int = 60, before: datetime | None = None
) -> list[InstanceView]:
    """What the person is in or waits for, soonest first; or what is past, newest first, and paged on by what
    started `before`."""
    condition = (
        f"b.answer = 'in' AND (i.ends_at {'<=' if past else '>'} $2)"
        " AND ($4::timestamptz IS NULL OR i.starts_at < $4)"
        f" ORDER BY i.starts_at {'DESC' if past else ''}, i.id LIMIT $3"
    )
    values = person.id, clock.now(), limit, before
    if not past:
        return await load_views(condition, *values)
    return await _past_with_archive(
        limit, lambda view: (-view.starts_at.timestamp(), view.id), condition, *values
    )


# Of all that needs the reader's answer, and of what may have free seats that they do not get.
MAY_NEED_ANSWER = (
    "b.answer = 'in' AND i.state = 'SCHEDULED' AND i.starts_at > $2 AND (b.offered > 0"
    " OR b.seats > 0 AND b.move_asked_at IS NOT NULL AND b.move_stays_at IS NULL"
    " OR b.waiting > 0 AND (s.capacity IS NULL OR s.releasing > 0 OR s.booked + s.offered < s.capacity))"
)


async def needs_answer(person: Person) -> list[InstanceView]:
    """What needs the person's answer, soonest first: seats held for them, seats they may take, an instance
    that has moved."""
    views = await load_views(f"{MAY_NEED_ANSWER} ORDER BY i.starts_at, i.id", person.id, clock.now())
    return [
        view
        for view in views
        if view.mine
        and (view.mine.held or view.mine.needs_move_answer or view.takeable >= view.mine.waiting > 0)
    ]


@dataclass(frozen=True, slots=True)
class Record:
    """How often a person came, missed, and gave up late what nobody took; dates whose list is closed (`B6`,
    `B12`)."""

    came: int
    missed: int
    late: int

    @property
    def dates(self) -> int:
        return self.came + self.missed + self.late


async def record(person: Person) -> Record:
    """The person's own, over all their clubs, of the last year."""
    row = await db.row(
        "SELECT count(*) FILTER (WHERE b.checked_in_at IS NOT NULL) AS came,"
        " count(*) FILTER (WHERE x.kind = 'no-show') AS missed,"
        " count(*) FILTER (WHERE x.kind = 'late') AS late"
        " FROM bookings b JOIN event_instances i ON i.id = b.instance_id"
        " JOIN memberships m ON m.id = b.membership_id AND m.user_id = $1 AND m.left_at IS NULL"
        " LEFT JOIN absences x ON x.instance_id = i.id AND x.membership_id = m.id AND x.pardoned_at IS NULL"
        " WHERE i.ends_at BETWEEN $2::timestamptz - interval '1 year' AND $2 AND i.state <> 'CANCELLED'",
        person.id,
        clock.now(),
    )
    assert row is not None
    return Record(row["came"], row["missed"], row["late"])


async def account_instances(
    account_id: int,
    person: Person,
    *,
    since: datetime,
    until: datetime | None = None,
    limit: int = 200,
    running: bool = False,
    series_id: int | None = None,
    group_id: int | None = None,
) -> list[InstanceView]:
    """A club's dates that start within [since, until), for its organisers; with `running` also those that
    began before and end after `since`; of one series or group only, where one is named."""
    # The series' club too: else the planner, which plans once for all filters, may begin with every club's series.
    condition = (
        "i.account_id = $2 AND r.account_id = $2 AND (i.starts_at >= $3 OR $6 AND i.ends_at > $3)"
        " AND ($4::timestamptz IS NULL OR i.starts_at < $4)"
        " AND ($7::bigint IS NULL OR i.series_id = $7) AND ($8::bigint IS NULL OR r.group_id = $8)"
        " ORDER BY i.starts_at, i.id LIMIT $5"
    )
    values = person.id, account_id, since, until, limit, running, series_id, group_id
    return await _with_archive(since, limit, condition, *values)


# $3 and $4 are the start and the id of the date that the page goes on from. Through (account_id, starts_at, id) the first are
# found, and only for these is looked up what is shown of them.
PAST = """i.id = ANY (ARRAY(
    SELECT i.id FROM event_instances i
    CROSS JOIN LATERAL (SELECT group_id FROM event_series WHERE id = i.series_id OFFSET 0) r
    WHERE i.account_id = $2 AND (i.starts_at, i.id) < ($3, $4::bigint) AND i.ends_at <= $5
        AND ($7::bigint IS NULL OR i.series_id = $7) AND ($8::bigint IS NULL OR r.group_id = $8)
    ORDER BY i.starts_at DESC, i.id DESC LIMIT $6)) ORDER BY i.starts_at DESC, i.id DESC"""


async def account_past(
    account_id: int,
    person: Person,
    *,
    before: tuple[datetime, int],
    limit: int,
    series_id: int | None = None,
    group_id: int | None = None,
) -> list[InstanceView]:
    """A club's dates that are over, for its organisers, the newest first, from before the one with this start and id."""
    values = person.id, account_id, *before, clock.now(), limit, series_id, group_id
    return await _past_with_archive(
        limit, lambda view: (-view.starts_at.timestamp(), -view.id), PAST, *values
    )


async def series_instances(series_id: int, person: Person, *, limit: int = 100) -> list[InstanceView]:
    """The dates of a series that are not over, soonest first."""
    return await load_views(
        "i.series_id = $2 AND i.ends_at > $3 ORDER BY i.starts_at LIMIT $4",
        person.id,
        series_id,
        clock.now(),
        limit,
    )


async def drifted_instances(account_id: int, series_id: int | None = None) -> list[InstanceView]:
    """The club's dates to come that their rule no longer has, and that wait for an organiser's word
    (`S4`)."""
    return await load_views(
        "i.account_id = $2 AND i.drifted_at IS NOT NULL AND i.state = 'SCHEDULED' AND i.starts_at > $3"
        " AND ($4::bigint IS NULL OR i.series_id = $4) ORDER BY i.starts_at, i.id",
        None,
        account_id,
        clock.now(),
        series_id,
    )
