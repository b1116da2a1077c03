"""`emerald announce`, `announcements`, `parked`, `missing`: telling people, and who could not be told (`C5`, `M2`, `M4`)."""

import argparse
import asyncio
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from emerald.commands.acting import act, say, takes_actor

if TYPE_CHECKING:
    from datetime import datetime

    from backend.announcements.queries import Announcement, Audience, Progress
    from backend.people.queries import Person

WATCH_PACE = 1.0  # seconds


def register(add: Callable[..., Any]) -> None:
    """Add these commands."""
    made = add("announce", "tell groups and members something, now or later", announce)
    made.add_argument("--account", required=True, metavar="NAME", help="the club, by name or number")
    made.add_argument("--text", required=True, help="what they read, as it is")
    made.add_argument(
        "--groups", default="", metavar="all|ID,…", help="groups by number; ID:TOPIC for a topic"
    )
    made.add_argument("--members", action="store_true", help="each member, in private")
    made.add_argument("--at", metavar="ISO", help="when, on the club’s clock, like 2027-03-01T18:00")
    made.add_argument(
        "--maintenance", action="store_true", help="mark it so; it does not wait for the morning"
    )
    made.add_argument("--preview", action="store_true", help="only say whom it would reach")
    made.add_argument("--watch", action="store_true", help="stay until it is sent")
    takes_actor(made)
    made = add("announcements", "the club's announcements and how far each is", announcements)
    made.add_argument("do", nargs="?", choices=("list", "stop"), default="list")
    made.add_argument("number", nargs="?", type=int, help="which one to stop")
    made.add_argument("--account", metavar="NAME", help="the club, by name or number")
    takes_actor(made)
    made = add("parked", "messages that could not be sent", parked)
    made.add_argument("--account", required=True, metavar="NAME", help="the club, by name or number")
    made.add_argument("--again", action="store_true", help="try to send them once more")
    takes_actor(made)
    made = add("missing", "who has not answered for a date", missing)
    made.add_argument("code", help="the date's code")
    made.add_argument("--remind", action="store_true", help="ask them, at most once a day")
    takes_actor(made)


def announce(given: argparse.Namespace) -> int:
    """`emerald announce`."""
    from backend.announcements import actions
    from backend.announcements.queries import audience, own_announcement, progress

    async def telling(person: "Person") -> "tuple[Announcement, Audience] | Progress":
        account_id = await actions.announcing_account(person, given.account)
        draft = actions.AnnouncementDraft(
            text=given.text,
            maintenance=given.maintenance,
            to_members=given.members,
            all_groups=given.groups == "all",
            groups=_groups(given.groups),
        )
        number = await actions.create_announcement(person, account_id, draft)
        made = await own_announcement(person, number)
        if given.preview:
            reached = await audience(person, number)
            await actions.stop_announcement(person, number)
            return made, reached
        await actions.schedule_announcement(person, number, _instant(given.at, made.zone))
        if given.watch:
            await _watch(person, number)
        return await progress(person, number)

    told = act(given, telling)
    if isinstance(told, tuple):
        return say(given, told, f"{told[0].text}\n\n{_reach(told[1])}")
    return say(given, told, _line(told) if told else "")


def announcements(given: argparse.Namespace) -> int:
    """`emerald announcements`, and `… stop N`."""
    from backend.announcements import actions, queries
    from backend.errors import Invalid
    from backend.i18n import N_

    if given.do == "stop":
        if given.number is None:
            raise Invalid(N_("Say which one: its number is in the list."))
        spared = act(given, lambda person: actions.stop_announcement(person, given.number))
        return say(given, spared, f"Stopped; {spared} messages are not sent.")
    if given.account is None:
        raise Invalid(N_("Say which club, with --account."))

    async def listing(person: "Person") -> "list[Progress]":
        account_id = await actions.announcing_account(person, given.account)
        return await queries.announcements(person, account_id)

    found = act(given, listing)
    lines = [_line(one) for one in found or ()]
    return say(given, found, "\n".join(lines) or "No announcements yet.")


def parked(given: argparse.Namespace) -> int:
    """`emerald parked`."""
    from backend.announcements.actions import announcing_account
    from backend.messages.actions import send_parked_again
    from backend.messages.queries import Parked
    from backend.messages.queries import parked as parked_messages

    async def looking(person: "Person") -> list[Parked] | int:
        account_id = await announcing_account(person, given.account)
        if given.again:
            return await send_parked_again(person, account_id)
        return await parked_messages(account_id)

    found = act(given, looking)
    if isinstance(found, int):
        return say(given, found, f"{found} messages are tried once more.")
    lines = [f"{m.created_at:%Y-%m-%d %H:%M} {m.kind} {m.name}: {m.error}" for m in found or ()]
    return say(given, found, "\n".join(lines) or "Nothing is parked.")


def missing(given: argparse.Namespace) -> int:
    """`emerald missing`."""
    from backend.bookings.reminders import Missing, remind_who_is_missing, who_is_missing

    async def looking(person: "Person") -> list[Missing] | int:
        if given.remind:
            return await remind_who_is_missing(given.code, person)
        return await who_is_missing(given.code, person)

    found = act(given, looking)
    if isinstance(found, int):
        return say(given, found, f"{found} people are asked.")
    lines = [m.name if m.reachable else f"{m.name} (cannot be written to)" for m in found or ()]
    return say(given, found, "\n".join(lines) or "Everybody known to the group has answered.")


def _groups(text: str) -> list[tuple[int, int | None]]:
    from backend.errors import Invalid
    from backend.i18n import N_

    if text in ("", "all"):
        return []
    try:
        pairs = [one.partition(":") for one in text.split(",")]
        return [(int(group), int(topic) if topic else None) for group, _, topic in pairs]
    except ValueError as error:
        raise Invalid(N_("Give groups as numbers with commas between, or “all”.")) from error


def _instant(text: str | None, zone: str) -> "datetime | None":
    """ISO 8601: without an offset, on the clock of the zone. Raises `Invalid`."""
    from datetime import datetime

    from backend.errors import Invalid
    from backend.i18n import N_
    from backend.zones import resolve_local

    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(N_("Give the time as 2026-12-01T18:00."), field="at") from error
    return at if at.tzinfo else resolve_local(at, zone)


async def _watch(person: "Person", number: int) -> None:
    """Say how far it is whenever that changes, until it is over."""
    from backend.announcements.queries import progress

    said = ""
    while not (now := await progress(person, number)).over:
        if (line := _line(now)) != said:
            print(line, file=sys.stderr, flush=True)
            said = line
        await asyncio.sleep(WATCH_PACE)


def _reach(reach: "Audience") -> str:
    groups = ", ".join(reach.groups) or "none"
    return (
        f"Groups: {groups}\nMembers: {reach.members}, cannot be reached: {reach.unreachable},"
        f" want none: {reach.unwanted}"
    )


def _line(now: "Progress") -> str:
    one = now.announcement
    counts = (
        f"{now.delivered} delivered, {now.failed} failed, {now.blocked} blocked, {now.perhaps} perhaps,"
        f" {now.waiting} waiting, {now.skipped} not sent, {now.unreachable} cannot be reached"
    )
    return f"{one.id} {one.state}: {counts} · {' '.join(one.text.split())[:60]}"
