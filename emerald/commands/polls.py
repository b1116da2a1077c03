"""Polls by an organiser's hand: asking, closing, making the date, reminding (`P1`, `P4`, `P5`)."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from emerald.commands.acting import act, say, takes_actor

if TYPE_CHECKING:
    from backend.people.queries import Person
    from backend.polls.drafts import PollDraft
    from backend.polls.non_voters import NonVoter, ReminderResult
    from backend.polls.views import OptionView, PollView

Add = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class NewPoll:
    """A poll just made."""

    code: str


@dataclass(frozen=True, slots=True)
class Report:
    """A poll, with who is missing and what became of reminding them when that was asked for."""

    poll: "PollView"
    missing: "list[NonVoter] | None" = None
    reminding: "ReminderResult | None" = None


def register(add: Add) -> None:
    """Put these commands on the command line."""
    made = add("create-poll", "ask a club something and print the poll's code", create_poll)
    takes_actor(made)
    made.add_argument("--account", required=True, help="the club, by name or number")
    made.add_argument("--question", required=True)
    listed = made.add_mutually_exclusive_group(required=True)
    listed.add_argument("--option", action="append", help="an answer to choose; say it for each")
    listed.add_argument(
        "--date",
        action="append",
        metavar="ISO",
        help="a date to say yes, if need be or no to, like 2027-03-01T18:00 in the club's time; say it for each",
    )
    made.add_argument("--several", type=int, metavar="N", help="how many options one may choose")
    made.add_argument("--limit", type=int, metavar="N", help="so many may choose the same option, or say yes")
    made.add_argument("--anonymous", action="store_true", help="nobody sees who chose what")
    made.add_argument(
        "--results",
        choices=("live", "voted", "closed"),
        default="live",
        help="shown always, once one has voted, or once it is closed",
    )
    made.add_argument("--closes", metavar="ISO", help="when it closes by itself")
    made.add_argument(
        "--group", type=int, metavar="ID", help="the group it is for: the number /id tells there"
    )
    made.add_argument("--topic", type=int, metavar="ID", help="and the topic")
    made = add("close-poll", "close a poll for good, and make the date it decided", close_poll)
    _of_a_poll(made)
    made.add_argument("--make", action="store_true", help="make the date most said yes to")
    made.add_argument("--option", type=int, metavar="N", help="make this date of the list instead")
    made.add_argument("--title", default="", help="the question when left out")
    made.add_argument("--place", default="")
    made.add_argument("--minutes", type=int, default=60, help="how long it takes")
    made.add_argument("--capacity", type=int, help="seats; unlimited when left out")
    made.add_argument("--guests", type=int, default=0, help="guests a booking may bring, 0 to 9")
    made.add_argument(
        "--claim-minutes",
        type=int,
        default=24 * 60,
        help="for so long only who said yes can take the seats",
    )
    made = add("poll", "what a poll says, who is missing, and reminding them", poll)
    _of_a_poll(made)
    made.add_argument("--missing", action="store_true", help="list who has not answered")
    made.add_argument("--remind", action="store_true", help="write to them, at most once a day")


def _of_a_poll(command: argparse.ArgumentParser) -> None:
    takes_actor(command)
    command.add_argument("code", help="the poll's public code")


def create_poll(given: argparse.Namespace) -> int:
    """`emerald create-poll`"""
    made = act(given, lambda person: _create(given, person))
    return say(given, made, made.code if made else "")


async def _create(given: argparse.Namespace, person: "Person") -> NewPoll:
    from backend.accounts.queries import clubs, find_account
    from backend.errors import NotFound
    from backend.i18n import N_
    from backend.polls import actions

    account_id = await find_account(given.account)
    club = next((one for one in await clubs(person) if one.id == account_id), None)
    if club is None:
        raise NotFound(N_("There is no club with this name or number, or there are several."))
    draft = await _draft(given, club.zone)
    return NewPoll(await actions.create_poll(person, club.id, draft))


async def _draft(given: argparse.Namespace, zone: str) -> "PollDraft":
    """What was typed. Raises `Invalid`; the rest is checked with the draft."""
    from backend.errors import Invalid
    from backend.groups.queries import group_of_chat
    from backend.i18n import N_
    from backend.polls.drafts import OptionDraft, PollDraft

    group = await group_of_chat(given.group) if given.group is not None else None
    if given.group is not None and group is None:
        raise Invalid(N_("Choose one of the club’s groups."), field="group")
    options = [OptionDraft(text, given.limit) for text in given.option or ()]
    options += [OptionDraft("", given.limit, _instant(at, zone)) for at in given.date or ()]
    kind = "dates" if given.date else "single" if given.several is None else "several"
    return PollDraft(
        question=given.question,
        options=tuple(options),
        kind=kind,
        choices_max=given.several if given.several is not None else 1,
        anonymous=given.anonymous,
        results=given.results,
        closes_at=_instant(given.closes, zone) if given.closes else None,
        group_id=group.id if group else None,
        topic_id=given.topic,
    )


def _instant(text: str, zone: str) -> datetime:
    """ISO 8601: with an offset an instant, without one the wall clock of the zone. Raises `Invalid`."""
    from backend.errors import Invalid
    from backend.i18n import N_
    from backend.zones import resolve_local

    try:
        at = datetime.fromisoformat(text)
        return at if at.tzinfo is not None else resolve_local(at, zone)
    except (ValueError, OverflowError) as error:
        raise Invalid(N_("Give a moment as 2026-12-01T18:00, in the club’s time.")) from error


def close_poll(given: argparse.Namespace) -> int:
    """`emerald close-poll`"""
    from backend.i18n import Voice
    from backend.polls import closing
    from backend.polls.event_creation import EventDetails

    async def close(person: "Person") -> closing.ClosingResult:
        make = None
        if given.make or given.option is not None:
            make = EventDetails(
                option_id=await _option(given, person),
                title=given.title,
                place=given.place,
                duration_minutes=given.minutes,
                capacity=given.capacity,
                guests_max=given.guests,
                claim_minutes=given.claim_minutes,
            )
        return await closing.close_poll(given.code, person, make=make)

    result = act(given, close)
    lines = [Voice().tell(result.words)] if result else []
    if result and result.made:
        lines.append(result.made.code)
    return say(given, result, "\n".join(lines))


async def _option(given: argparse.Namespace, person: "Person") -> int | None:
    """The id of the option with this number in the list. Raises `Invalid`."""
    from backend.errors import Invalid
    from backend.i18n import N_
    from backend.polls.queries import poll as shown

    if given.option is None:
        return None
    number: int = given.option
    options = (await shown(given.code, person)).options
    if not 1 <= number <= len(options):
        raise Invalid(N_("This poll has no option with that number."))
    return options[number - 1].id


def poll(given: argparse.Namespace) -> int:
    """`emerald poll`"""
    found = act(given, lambda person: _report(given, person))
    return say(given, found, "\n".join(_lines(found)) if found else "")


async def _report(given: argparse.Namespace, person: "Person") -> Report:
    from backend.polls.non_voters import non_voters, remind_non_voters
    from backend.polls.queries import poll as shown

    reminding = await remind_non_voters(given.code, person) if given.remind else None
    missing = await non_voters(given.code, person) if given.missing else None
    return Report(await shown(given.code, person), missing, reminding)


def _lines(report: Report) -> list[str]:
    from backend.i18n import Voice

    voice, view = Voice(), report.poll
    lines = [view.question, f"{view.voters} of {view.electors} have voted."]
    for number, option in enumerate(view.options, 1):
        lines.append(
            f"{number}\t{option.name(voice, view.zone)}\t{_counts(option, view) if view.visible else 'hidden'}"
        )
    if report.reminding is not None:
        lines.append(voice.tell(report.reminding.words))
    if report.missing is not None:
        lines += [f"missing\t{one.name}" for one in report.missing]
    return lines


def _counts(option: "OptionView", view: "PollView") -> str:
    if view.kind != "dates":
        return str(option.votes)
    return f"{option.votes} yes, {option.if_need_be} if need be, {option.against} no"
