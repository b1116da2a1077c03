"""Lists of a club's members a page at a time, in the order of their names: an index gives the page, and no more is read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from backend import db
from backend.alphabets import fold, fold_sql, order_terms
from backend.people.pages import PERSON, PeoplePage
from backend.search import search_words, word_patterns

Entry = TypeVar("Entry")

COUNTED_MAX = 500  # people who are counted where each must be looked at

# The parts of a list, each read by an index of its own, and their rank in it. Organisers are few, and are sorted by theirs.
_RANK = "array_position(ARRAY['OWNER','ADMIN','HELPER','MEMBER'], m.role)"
_EVERYBODY = (("true", "0"),)
_ORGANISERS_FIRST = (("m.role <> 'MEMBER'", _RANK), ("m.role = 'MEMBER'", "4"))


@dataclass(frozen=True, slots=True)
class MemberList:
    """Which members and visitors of an account are listed, and what an entry is made of.

    `listed` is a condition on the membership `m`; `columns` are of `m`, its person `u`, and what is `joined`. They read
    `values` from $3 on. Where it takes a look at each to say who is listed, they are not `all_counted`.
    """

    columns: str
    listed: str = "true"
    joined: str = ""
    values: tuple[object, ...] = ()
    organisers_first: bool = False
    all_counted: bool = True


async def member_page(
    entry: Callable[[db.Row], Entry],
    members: MemberList,
    account_id: int,
    *,
    words: str,
    after: int | None,
    limit: int,
    language: str,
) -> PeoplePage[Entry]:
    """One page of a list, by name in the order of the language, made from rows by `entry`; of those whose names have all
    the words, accents or not, a typing error forgiven.

    `after` is the membership that the page before ended with, whether it is still listed or not; one that there is not is
    the beginning. A page behind the end is the last one.
    """
    arguments: list[object] = [account_id, limit, *members.values]
    listed = f"m.account_id = $1 AND m.left_at IS NULL AND {members.listed}"
    people, counted_max = "memberships m", None if members.all_counted else COUNTED_MAX
    if patterns := word_patterns([fold(word.removeprefix("@")) for word in search_words(words)]):
        arguments.append(patterns)
        name = fold_sql("concat_ws(' ', m.display_name, u.username)")
        listed += f" AND (SELECT bool_and({name} ~ p) FROM unnest(${len(arguments)}::text[]) AS p)"
        people, counted_max = f"{people} {PERSON}", COUNTED_MAX
    if after is not None:
        arguments.append(after)
    sql = _page_sql(
        members,
        people,
        listed,
        order_terms("m.display_name", language),
        cursor=f"${len(arguments)}" if after is not None else None,
        counted_max=counted_max,
    )
    rows = await db.rows(sql, *arguments)
    facts, found = rows[0], [row for row in rows if row["membership_id"] is not None]
    if not found and after is not None:
        return await member_page(
            entry,
            members,
            account_id,
            words=words,
            after=facts["previous_after"],
            limit=limit,
            language=language,
        )
    is_counted = counted_max is None or facts["total"] <= counted_max
    return PeoplePage(
        [entry(row) for row in found[:limit]],
        facts["total"] if is_counted else COUNTED_MAX,
        facts["before"] + 1 if is_counted or facts["before"] <= COUNTED_MAX else None,
        found[limit - 1]["membership_id"] if len(found) > limit else None,
        facts["previous_after"],
        is_counted=is_counted,
    )


def _page_sql(
    members: MemberList,
    people: str,
    listed: str,
    terms: list[tuple[str, str]],
    *,
    cursor: str | None,
    counted_max: int | None,
) -> str:
    """The SQL of a page and of how many are listed and come before it. Each part of the list is read by its own index."""
    keys = [f"key_{number}" for number in range(len(terms) + 2)]
    counted = "" if counted_max is None else f"LIMIT {counted_max + 1}"
    page, back, before = [], [], []
    names, least = [*(term for term, _ in terms), "m.id"], [*(least for _, least in terms), "0"]
    for part, rank in _ORGANISERS_FIRST if members.organisers_first else _EVERYBODY:
        order = start = [rank, *names]
        if rank != _RANK:
            # Behind somebody of another part is the whole of this one.
            order = names
            start = [
                f"CASE WHEN {part} THEN {key} ELSE {low} END" for key, low in zip(names, least, strict=True)
            ]
        place = f"(SELECT {', '.join(start)} FROM memberships m WHERE m.account_id = $1 AND m.id = {cursor})"
        there = f"WHERE {listed} AND {part}"
        sorted_by = ", ".join(f"{key} AS {name}" for key, name in zip([rank, *names], keys, strict=True))
        behind, up_to = (f"AND ({', '.join(order)}) {sign} {place}" if cursor else "" for sign in (">", "<="))
        page.append(
            f"SELECT {members.columns}, {sorted_by} FROM memberships m {PERSON} {members.joined} {there} {behind}"
            f" ORDER BY {', '.join(order)} LIMIT $2 + 1"
        )
        back.append(
            f"SELECT {sorted_by} FROM {people} {there} {up_to}"
            f" ORDER BY {', '.join(f'{key} DESC' for key in order)} LIMIT $2 + 1"
        )
        before.append(f"SELECT 1 FROM {people} {there} {up_to} {counted}")
    falling = ", ".join(f"{key} DESC" for key in keys)
    previous = f"(SELECT {keys[-1]} FROM ({_all(back)}) b ORDER BY {falling} OFFSET $2 LIMIT 1)"
    return f"""SELECT f.*, p.* FROM (SELECT
            (SELECT count(*) FROM (SELECT 1 FROM {people} WHERE {listed} {counted}) t) AS total,
            {f"(SELECT count(*) FROM ({_all(before)}) b)" if cursor else "0"} AS before,
            {previous if cursor else "NULL::bigint"} AS previous_after) f
        LEFT JOIN (SELECT * FROM ({_all(page)}) b ORDER BY {", ".join(keys)} LIMIT $2 + 1) p ON true
        ORDER BY {", ".join(keys)}"""


def _all(parts: list[str]) -> str:
    return " UNION ALL ".join(f"({part})" for part in parts)
