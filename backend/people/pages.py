"""Lists of people a page at a time, found by name: for organisers and helpers, in clubs and dates of thousands."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from backend import db
from backend.alphabets import fold, fold_sql
from backend.search import search_words, word_patterns

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class PeoplePage(Generic[Entry]):
    """Some entries of the `total` that were found, from the `first` on (counted from 1).

    Where not all are counted, there are more than `total`, and `first` is None behind these.

    The next page, if there is one, begins after the membership `next_after`, the page before after
    `previous_after`; None is the beginning.
    """

    entries: list[Entry]
    total: int
    first: int | None = 1
    next_after: int | None = None
    previous_after: int | None = None
    is_counted: bool = True

    @property
    def last(self) -> int | None:
        """The number of the last entry of the page."""
        return None if self.first is None else self.first + len(self.entries) - 1


# The person of a membership. It is looked up for each membership: a join may read all people whole, to find those of one
# club.
PERSON = "LEFT JOIN LATERAL (SELECT * FROM telegram_users WHERE id = m.user_id LIMIT 1) u ON true"

# Every word of the search occurs in the name or the username, whatever their accents, a typing error forgiven.
_MATCHES = f"""($2::text[] = '{{}}' OR (SELECT bool_and({fold_sql("concat_ws(' ', name, username)")} ~ pattern)
    FROM unnest($2::text[]) AS pattern))"""


async def page_of(
    entry: Callable[[db.Row], Entry],
    numbered: str,
    about: int,
    *others: object,
    words: str,
    after: int | None,
    limit: int,
    listed: str = "true",
) -> PeoplePage[Entry]:
    """One page of people, made from rows by `entry`.

    `numbered` is a SELECT of everybody in the order of the list: the columns membership_id, name, username, `n`, their
    number in it, and what else an entry is made of. It reads `about` as $1 and `others` from $5 on. `listed` is the
    condition, on its columns, of those who are listed.

    `after` is the membership that the page before ended with; one that is not in the order any more is the beginning. A
    page behind the end is the last one.
    """
    rows = await db.rows(
        # Each step reads the one before once: where the planner expects few people it would repeat a subquery for each.
        f"""WITH numbered AS ({numbered}),
        found AS (
            SELECT *, row_number() OVER in_order AS k, lag(membership_id, $4::int + 1) OVER in_order AS previous_after,
                count(*) OVER () AS total,
                count(*) FILTER (WHERE n <= (SELECT n FROM numbered WHERE membership_id = $3)) OVER () AS before
            FROM numbered WHERE {listed} AND {_MATCHES}
            WINDOW in_order AS (ORDER BY n)
        )
        SELECT * FROM found WHERE k > CASE WHEN before < total THEN before ELSE greatest(total - $4, 0) END
        ORDER BY k LIMIT $4""",
        about,
        word_patterns([fold(word.removeprefix("@")) for word in search_words(words)]),
        after,
        limit,
        *others,
    )
    return _page([entry(row) for row in rows], rows)


def _page(entries: list[Entry], rows: Sequence[db.Row]) -> PeoplePage[Entry]:
    if not rows:
        return PeoplePage(entries, 0)
    first, last = rows[0], rows[-1]
    more = last["k"] < last["total"]
    return PeoplePage(
        entries,
        last["total"],
        first["k"],
        last["membership_id"] if more else None,
        first["previous_after"],
    )
