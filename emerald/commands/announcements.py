"""Announcements, messages that could not be sent, and members who have not answered (`C5`, `M2`, `M4`)."""

import asyncio
import sys
from datetime import datetime

import click

from backend.announcements import actions, queries
from backend.announcements.drafts import AnnouncementDraft
from backend.announcements.queries import Announcement, Audience, Progress
from backend.bookings.reminders import UnansweredMember, remind_unanswered_now, unanswered_members
from backend.errors import Invalid
from backend.i18n import N_
from backend.outbox.parked import ParkedMessage, parked_messages, send_parked_again
from backend.people.queries import Person
from backend.zones import QUIET_UNTIL
from emerald.commands.actor import Actor
from emerald.commands.moments import parse_instant
from emerald.commands.options import account_option, actor_options

WATCH_INTERVAL = 1.0  # seconds


@click.command
@account_option
@click.option("--text", required=True, help="The text of the announcement.")
@click.option("--groups", default="", metavar="all|ID,…", help="Groups by number; ID:TOPIC for a topic.")
@click.option("--members", is_flag=True, help="Each member, in private.")
@click.option("--at", metavar="ISO", help="When, on the club’s clock, like 2027-03-01T18:00.")
@click.option("--maintenance", is_flag=True, help="Mark it as maintenance; it is sent at night too.")
@click.option("--at-night", is_flag=True, help="Send it at night too.")
@click.option("--preview", is_flag=True, help="Only show who would get it.")
@click.option("--watch", is_flag=True, help="Wait until it is sent.")
@actor_options
def announce(
    actor: Actor,
    account: str,
    text: str,
    groups: str,
    members: bool,
    at: str | None,
    maintenance: bool,
    at_night: bool,
    preview: bool,
    watch: bool,
) -> None:
    """Send an announcement to groups and members, now or later."""

    async def create(person: Person) -> tuple[Announcement, Audience] | Progress:
        account_id = await actions.announcing_account(person, account)
        draft = AnnouncementDraft(
            text=text,
            maintenance=maintenance,
            to_members=members,
            all_groups=groups == "all",
            groups=_parse_groups(groups),
        )
        number = await actions.create_announcement(person, account_id, draft)
        made = await queries.own_announcement(person, number)
        if at_night:
            await actions.send_at_night(person, number)
        if preview:
            audience = await queries.audience(person, number)
            await actions.discard_draft(person, number)
            return made, audience
        await actions.schedule_announcement(person, number, _parse_time(at, made.zone))
        if watch:
            await _watch(person, number)
        return await queries.progress(person, number)

    created = actor.run(create)
    if isinstance(created, tuple):
        actor.print(created, f"{created[0].text}\n\n{_audience_lines(created[1])}")
    else:
        actor.print(created, _progress_line(created))


@click.command
@click.argument("do", type=click.Choice(["list", "stop"]), default="list")
@click.argument("number", type=int, required=False)
@click.option("--account", metavar="NAME", help="The club, by name or number.")
@actor_options
def announcements(actor: Actor, do: str, number: int | None, account: str | None) -> None:
    """List a club's announcements and their progress, or stop one by its NUMBER."""
    if do == "stop":
        if number is None:
            raise Invalid(N_("Which one? Its number is in the list."))
        dropped = actor.run(lambda person: actions.stop_announcement(person, number))
        actor.print(dropped, f"Stopped. {dropped} messages were not sent.")
        return
    if account is None:
        raise Invalid(N_("Choose the club with --account."))

    async def find(person: Person) -> list[Progress]:
        return await queries.announcements(person, await actions.announcing_account(person, account))

    found = actor.run(find)
    actor.print(found, "\n".join(map(_progress_line, found)) or "No announcements yet.")


@click.command
@account_option
@click.option("--again", is_flag=True, help="Try to send them again.")
@actor_options
def parked(actor: Actor, account: str, again: bool) -> None:
    """List messages that could not be sent."""

    async def find_or_retry(person: Person) -> list[ParkedMessage] | int:
        account_id = await actions.announcing_account(person, account)
        return await (send_parked_again(person, account_id) if again else parked_messages(account_id))

    found = actor.run(find_or_retry)
    if isinstance(found, int):
        actor.print(found, f"{found} messages will be tried again.")
        return
    lines = [f"{one.created_at:%Y-%m-%d %H:%M} {one.kind} {one.name}: {one.error}" for one in found]
    actor.print(found, "\n".join(lines) or "No messages are parked.")


@click.command
@click.argument("code")
@click.option("--remind", is_flag=True, help="Ask them now, at most once a day.")
@actor_options
def missing(actor: Actor, code: str, remind: bool) -> None:
    """List people who have not answered for the date CODE."""

    async def find_or_remind(person: Person) -> list[UnansweredMember] | int:
        return await (remind_unanswered_now(code, person) if remind else unanswered_members(code, person))

    found = actor.run(find_or_remind)
    if isinstance(found, int):
        actor.print(found, f"{found} people will be asked.")
        return
    lines = [one.name if one.reachable else f"{one.name} (cannot be written to)" for one in found]
    actor.print(found, "\n".join(lines) or "Everyone known in the group has answered.")


def _parse_groups(text: str) -> list[tuple[int, int | None]]:
    """Groups with their topics. Raises `Invalid`."""
    if text in ("", "all"):
        return []
    try:
        pairs = [one.partition(":") for one in text.split(",")]
        return [(int(group), int(topic) if topic else None) for group, _, topic in pairs]
    except ValueError as error:
        raise Invalid(N_("Enter group numbers separated by commas, or “all”.")) from error


def _parse_time(text: str | None, zone: str) -> datetime | None:
    """None is now. Raises `Invalid`."""
    if text is None:
        return None
    try:
        return parse_instant(text, zone)
    except ValueError as error:
        raise Invalid(N_("Enter the time like this: 2026-12-01T18:00."), field="at") from error


async def _watch(person: Person, number: int) -> None:
    """Print how far it is whenever that changes, until it is over."""
    printed = ""
    while not (now := await queries.progress(person, number)).is_over:
        if (line := _progress_line(now)) != printed:
            print(line, file=sys.stderr, flush=True)
            printed = line
        await asyncio.sleep(WATCH_INTERVAL)


def _audience_lines(audience: Audience) -> str:
    groups = ", ".join(audience.groups) or "none"
    lines = [
        f"Groups: {groups}",
        f"Members: {audience.members}, cannot be reached: {audience.unreachable}, opted out: {audience.unwanted}",
    ]
    if audience.closed_groups:
        lines.append(f"Groups that removed the bot: {', '.join(audience.closed_groups)}")
    if audience.asleep:
        lines.append(
            f"Night for {audience.asleep} of them: they get it at {QUIET_UNTIL:%H:%M}, unless --at-night"
        )
    return "\n".join(lines)


def _progress_line(progress: Progress) -> str:
    one = progress.announcement
    counts = (
        f"{progress.delivered} delivered, {progress.failed} failed, {progress.blocked} blocked,"
        f" {progress.perhaps} perhaps, {progress.waiting} waiting, {progress.skipped} not sent,"
        f" {progress.unreachable} cannot be reached"
    )
    if progress.held:
        counts += f", {progress.held} wait for the morning"
    return f"{one.id} {one.state}: {counts} · {' '.join(one.text.split())[:60]}"
