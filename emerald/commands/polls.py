"""Ask a club something, close a poll, make the date it decided, and remind (`P1`, `P4`, `P5`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import click

from backend.accounts.queries import find_account, joined_accounts
from backend.errors import Invalid, NotFound
from backend.groups.queries import group_of_chat
from backend.i18n import N_, Voice
from backend.people.queries import Person
from backend.polls import actions
from backend.polls import closing as poll_closing
from backend.polls.closing import ClosingResult
from backend.polls.drafts import OptionDraft, PollDraft
from backend.polls.event_creation import EventDetails
from backend.polls.non_voters import NonVoter, ReminderResult, non_voters, remind_non_voters
from backend.polls.queries import poll as poll_view
from backend.polls.views import OptionView, PollView
from emerald.commands.actor import Actor
from emerald.commands.moments import parse_instant
from emerald.commands.options import account_option, actor_options, require_one


@dataclass(frozen=True, slots=True)
class NewPoll:
    """The answer of `emerald create-poll --json`."""

    code: str


@dataclass(frozen=True, slots=True)
class PollReport:
    """The answer of `emerald poll --json`: `missing` and `reminding` when they were asked for."""

    poll: PollView
    missing: list[NonVoter] | None = None
    reminding: ReminderResult | None = None


@click.command
@account_option
@click.option("--question", required=True)
@click.option("--option", "texts", multiple=True, help="An option to choose; repeat for each.")
@click.option(
    "--date",
    "dates",
    multiple=True,
    metavar="ISO",
    help="A date to say yes, if need be or no to, like 2027-03-01T18:00 in the club's time;"
    " repeat it for each.",
)
@click.option("--several", type=int, metavar="N", help="How many options each person may choose.")
@click.option("--limit", type=int, metavar="N", help="How many people may choose the same option or say yes.")
@click.option("--anonymous", is_flag=True, help="Hide who chose what.")
@click.option(
    "--results",
    type=click.Choice(["live", "voted", "closed"]),
    default="live",
    help="When results are shown: always, after voting, or once the poll is closed.",
)
@click.option("--closes", metavar="ISO", help="When it closes automatically.")
@click.option("--group", type=int, metavar="ID", help="The group's Telegram ID, which /id shows there.")
@click.option("--topic", type=int, metavar="ID", help="The topic of that group.")
@actor_options
def create_poll(
    actor: Actor,
    account: str,
    question: str,
    texts: Sequence[str],
    dates: Sequence[str],
    several: int | None,
    limit: int | None,
    anonymous: bool,
    results: str,
    closes: str | None,
    group: int | None,
    topic: int | None,
) -> None:
    """Create a poll and print its code."""
    require_one(option=texts, date=dates)

    async def create(person: Person) -> NewPoll:
        account_id = await find_account(account)
        chosen = next((one for one in await joined_accounts(person) if one.id == account_id), None)
        if chosen is None:
            raise NotFound(N_("No club has this name or number, or several have it."))
        group_id = await _group_id(group)
        options = [OptionDraft(text, limit) for text in texts]
        options += [OptionDraft("", limit, _parse_moment(date, chosen.zone)) for date in dates]
        draft = PollDraft(
            question=question,
            options=tuple(options),
            kind="dates" if dates else "single" if several is None else "several",
            choices_max=1 if several is None else several,
            anonymous=anonymous,
            results=results,
            closes_at=_parse_moment(closes, chosen.zone) if closes else None,
            group_id=group_id,
            topic_id=topic,
        )
        return NewPoll(await actions.create_poll(person, chosen.id, draft))

    made = actor.run(create)
    actor.print(made, made.code)


async def _group_id(chat_id: int | None) -> int | None:
    """Raises `Invalid` when no group with this number is linked."""
    if chat_id is None:
        return None
    group = await group_of_chat(chat_id)
    if group is None:
        raise Invalid(N_("Choose one of the club’s groups."), field="group")
    return group.id


def _parse_moment(text: str, zone: str) -> datetime:
    """Raises `Invalid`."""
    try:
        return parse_instant(text, zone)
    except (ValueError, OverflowError) as error:
        raise Invalid(N_("Enter the time like this: 2026-12-01T18:00, in the club’s time zone.")) from error


@click.command
@click.argument("code")
@click.option("--make", is_flag=True, help="Set the most popular date.")
@click.option("--option", "number", type=int, metavar="N", help="Set this option of the list instead.")
@click.option("--title", default="", help="Title of the event; the question if left out.")
@click.option("--place", default="")
@click.option("--minutes", type=int, help="How long it takes; as the club's new events if left out.")
@click.option("--capacity", type=int, help="Number of seats; unlimited if left out.")
@click.option("--guests", type=int, help="Guests per booking, 0 to 9; as the club's new events if left out.")
@click.option(
    "--claim-minutes",
    type=int,
    default=24 * 60,
    help="How long the seats are reserved for those who said yes.",
)
@actor_options
def close_poll(
    actor: Actor,
    code: str,
    make: bool,
    number: int | None,
    title: str,
    place: str,
    minutes: int | None,
    capacity: int | None,
    guests: int | None,
    claim_minutes: int,
) -> None:
    """Close the poll CODE for good and set the chosen date."""

    async def close(person: Person) -> ClosingResult:
        details = None
        if make or number is not None:
            details = EventDetails(
                option_id=await _option_id(code, person, number),
                title=title,
                place=place,
                duration_minutes=minutes,
                capacity=capacity,
                guests_max=guests,
                claim_minutes=claim_minutes,
            )
        return await poll_closing.close_poll(code, person, make=details)

    closing = actor.run(close)
    lines = [Voice().translate(closing.words)]
    if closing.made:
        lines.append(closing.made.code)
    actor.print(closing, "\n".join(lines))


async def _option_id(code: str, person: Person, number: int | None) -> int | None:
    """The id of the option with this number in the list. Raises `Invalid`."""
    if number is None:
        return None
    options = (await poll_view(code, person)).options
    if not 1 <= number <= len(options):
        raise Invalid(N_("This poll has no option with that number."))
    return options[number - 1].id


@click.command
@click.argument("code")
@click.option("--missing", is_flag=True, help="List who has not answered.")
@click.option("--remind", is_flag=True, help="Remind them, at most once a day.")
@actor_options
def poll(actor: Actor, code: str, missing: bool, remind: bool) -> None:
    """Show the results of the poll CODE and who hasn't voted, and remind them."""

    async def report(person: Person) -> PollReport:
        reminding = await remind_non_voters(code, person) if remind else None
        not_voted = await non_voters(code, person) if missing else None
        return PollReport(await poll_view(code, person), not_voted, reminding)

    found = actor.run(report)
    actor.print(found, "\n".join(_report_lines(found)))


def _report_lines(report: PollReport) -> list[str]:
    voice, view = Voice(), report.poll
    lines = [view.question, f"{view.voters} of {view.electors} have voted."]
    for number, option in enumerate(view.options, 1):
        counts = _counts(option, view) if view.visible else "hidden"
        lines.append(f"{number}\t{option.name(voice, view.zone)}\t{counts}")
    if report.reminding is not None:
        lines.append(voice.translate(report.reminding.words))
    if report.missing is not None:
        lines += [f"missing\t{one.name}" for one in report.missing]
    return lines


def _counts(option: OptionView, view: PollView) -> str:
    if view.kind != "dates":
        return str(option.votes)
    return f"{option.votes} yes, {option.if_need_be} if need be, {option.against} no"
