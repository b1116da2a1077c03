"""Writing an announcement, sending it now or later, and stopping it (`C5`)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from backend import clock, db
from backend.accounts.queries import authorize, find_account
from backend.accounts.rules import Permission
from backend.announcements.drafts import AnnouncementDraft
from backend.announcements.queries import own_announcement
from backend.announcements.rules import AnnouncementState
from backend.announcements.tables import Announcement
from backend.audit.actions import record_audit
from backend.errors import Invalid, NotFound, Refusal
from backend.i18n import N_
from backend.outbox.withdraw import drop_announcement, release_announcement
from backend.people.queries import Person

SCHEDULE_MAX = timedelta(days=365)  # how far ahead an announcement may be scheduled


class AlreadySent(Refusal):
    """The announcement was sent; it is too late to change or stop it."""

    outcome = "sent-already"
    message = N_("This announcement is sent already.")


async def create_announcement(person: Person, account_id: int, draft: AnnouncementDraft) -> int:
    """Make an announcement, which is not sent yet and can be previewed; its id.

    Raises `Invalid` (the text, or a group that is not the account's), `Forbidden`, `NotFound`.
    """
    account = await authorize(person, account_id, Permission.ANNOUNCE)
    draft.validate()
    if draft.instance_id is not None and not await db.value(
        "SELECT true FROM event_instances WHERE id = $1 AND account_id = $2", draft.instance_id, account.id
    ):
        raise NotFound()
    async with db.transaction():
        announcement = Announcement(
            account_id=account.id,
            text=draft.text,
            maintenance=draft.maintenance,
            to_members=draft.to_members,
            instance_id=draft.instance_id,
            parts=list(draft.parts),
            created_by=person.id,
            created_at=clock.now(),
        )
        await announcement.save()
        announcement_id = int(announcement.id)
        await _add_groups(account.id, announcement_id, draft.groups, all_groups=draft.all_groups)
        await record_audit(account.id, person.id, "write", f"announcement {announcement_id}")
    return announcement_id


async def change_recipients(
    person: Person, announcement_id: int, *, all_groups: bool, to_members: bool
) -> None:
    """Choose whether a draft goes to all groups or none, and whether to the members.

    Raises `AlreadySent`, `Forbidden`, `NotFound`.
    """
    found = await own_announcement(person, announcement_id)
    async with db.transaction():
        if not await db.execute(
            "UPDATE announcements SET to_members = $2 WHERE id = $1 AND state = 'draft'",
            found.id,
            to_members,
        ):
            raise AlreadySent()
        await db.execute("DELETE FROM announcement_groups WHERE announcement_id = $1", found.id)
        await _add_groups(found.account_id, found.id, (), all_groups=all_groups)


async def _add_groups(
    account_id: int,
    announcement_id: int,
    groups: Sequence[tuple[int, int | None]],
    *,
    all_groups: bool,
) -> None:
    chosen = dict(groups)
    added = await db.execute(
        "INSERT INTO announcement_groups (account_id, announcement_id, group_id, topic_id)"
        " SELECT g.account_id, $2, g.id, t.topic_id FROM groups g"
        " LEFT JOIN unnest($3::bigint[], $4::bigint[]) AS t (group_id, topic_id) ON t.group_id = g.id"
        " WHERE g.account_id = $1 AND ($5 OR t.group_id IS NOT NULL)",
        account_id,
        announcement_id,
        list(chosen),
        list(chosen.values()),
        all_groups,
    )
    if not all_groups and added < len(chosen):
        raise Invalid(N_("There is no such group in this club."), field="groups")


async def discard_draft(person: Person, announcement_id: int) -> None:
    """Delete an announcement that was made only to be previewed. Raises `AlreadySent` unless it is a draft,
    `Forbidden`, `NotFound`."""
    found = await own_announcement(person, announcement_id)
    async with db.transaction():
        state = await db.value("SELECT state FROM announcements WHERE id = $1 FOR UPDATE", found.id)
        if state != AnnouncementState.DRAFT:
            raise AlreadySent()
        await db.execute("DELETE FROM announcement_groups WHERE announcement_id = $1", found.id)
        await db.execute("DELETE FROM announcements WHERE id = $1", found.id)
        await record_audit(found.account_id, person.id, "discard", f"announcement {found.id}")


def validate_due_time(at: datetime | None, now: datetime) -> None:
    """Raises `Invalid` unless an announcement can be scheduled for then; None is at once."""
    if at is not None and not now <= at <= now + SCHEDULE_MAX:
        raise Invalid(N_("Choose a time within the next year."), field="at")


async def schedule_announcement(person: Person, announcement_id: int, at: datetime | None = None) -> datetime:
    """Schedule the announcement for an aware instant, None for at once; the instant. Scheduling it again
    moves it.

    Raises `Invalid` (no recipients, or a time that is past or too far), `AlreadySent`, `Forbidden`,
    `NotFound`.
    """
    found = await own_announcement(person, announcement_id)
    now = clock.now()
    validate_due_time(at, now)
    async with db.transaction():
        has_recipients = found.to_members or await db.value(
            "SELECT true FROM announcement_groups WHERE announcement_id = $1 LIMIT 1", found.id
        )
        if not has_recipients:
            raise Invalid(N_("Choose the groups or members to tell."), field="groups")
        if not await db.execute(
            "UPDATE announcements SET state = 'scheduled', due_at = $2 WHERE id = $1 AND state IN ('draft', 'scheduled')",
            found.id,
            at or now,
        ):
            raise AlreadySent()
        when = (at or now).isoformat()
        await record_audit(found.account_id, person.id, "send", f"announcement {found.id}", at=when)
    return at or now


async def send_at_night(person: Person, announcement_id: int) -> None:
    """Let the announcement wait for nobody's morning, neither what is to be sent nor what waits already.

    Raises `AlreadySent`, `Forbidden`, `NotFound`.
    """
    found = await own_announcement(person, announcement_id)
    async with db.transaction():
        if not await db.execute(
            "UPDATE announcements SET at_night = true WHERE id = $1"
            " AND state IN ('draft', 'scheduled', 'sending')",
            found.id,
        ):
            raise AlreadySent()
        await release_announcement(found.id, clock.now())
        await record_audit(found.account_id, person.id, "send at night", f"announcement {found.id}")


async def stop_announcement(person: Person, announcement_id: int) -> int:
    """Stop sending an announcement (`C5`): messages that are not being sent yet are dropped; how many.
    Idempotent.

    Raises `AlreadySent`, `Forbidden`, `NotFound`.
    """
    found = await own_announcement(person, announcement_id)
    async with db.transaction():
        state = await db.value("SELECT state FROM announcements WHERE id = $1 FOR NO KEY UPDATE", found.id)
        if state == AnnouncementState.STOPPED:
            return 0
        if state == AnnouncementState.DONE:
            raise AlreadySent()
        await db.execute(
            "UPDATE announcements SET state = 'stopped', ended_at = $2 WHERE id = $1",
            found.id,
            clock.now(),
        )
        dropped = await drop_announcement(found.id)
        await record_audit(found.account_id, person.id, "stop", f"announcement {found.id}", spared=dropped)
    return dropped


async def watch_progress(person: Person, announcement_id: int, chat_id: int, message_id: int) -> None:
    """Have this message show the announcement's progress from now on. Raises `Forbidden`, `NotFound`."""
    found = await own_announcement(person, announcement_id)
    await db.execute_single(
        "UPDATE announcements SET watch_chat_id = $2, watch_message_id = $3 WHERE id = $1",
        found.id,
        chat_id,
        message_id,
    )


async def stop_watching(announcement_id: int) -> None:
    """The message shows the final progress, or is gone: it is not edited any more."""
    await db.execute_single("UPDATE announcements SET watch_message_id = NULL WHERE id = $1", announcement_id)


async def forget_watcher(user_id: int) -> None:
    """Stop showing this person the progress of their announcements (`A7`), inside the caller's
    transaction."""
    await db.execute(
        "UPDATE announcements SET watch_chat_id = NULL, watch_message_id = NULL WHERE created_by = $1",
        user_id,
    )


async def announcing_account(person: Person, name: str) -> int:
    """The id of the account with this name or number, where the person may announce. Raises `NotFound`,
    `Forbidden`."""
    found = await find_account(name)
    if found is None:
        raise NotFound(N_("No club has this name or number, or several have it."))
    return (await authorize(person, found, Permission.ANNOUNCE)).id
