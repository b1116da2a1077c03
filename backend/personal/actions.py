"""Erasing a person: the name goes, the counts stay (`A7`).

Every step is a transaction of its own and can be repeated. Whoever is interrupted asks again, and
`finish_erasures` repeats the last step for a day. Seats are released first, while the waitlist can still be
notified; the name goes afterwards.
"""

from datetime import timedelta

from backend import clock, db
from backend.accounts.memberships import LastOwner, anonymize_memberships, end_all_memberships
from backend.accounts.queries import solely_owned_accounts
from backend.announcements.actions import forget_watcher
from backend.cards.lost import redraw_unlinked_cards
from backend.conversations.actions import forget_conversations
from backend.departures.leaving import end_standing_seats, release_seats
from backend.each import do_each
from backend.groups.presence import forget_presence
from backend.outbox.withdraw import erase_messages
from backend.people.erasure import anonymize_person, delete_access, end_access, lock_person
from backend.people.queries import Person
from backend.polls.store import bump_versions
from backend.seats.erasure import erase_guest_names
from backend.seats.requests import Verb

RECHECK_PERIOD = timedelta(
    days=1
)  # so long after an erasure it is checked whether anything arrived meanwhile

# Instances where these members had named guests or a note, or a seat on a card.
INSTANCES = """
SELECT b.instance_id FROM bookings b WHERE b.membership_id = ANY($1::bigint[]) AND (b.guest_names <> '{}' OR b.note <> ''
    OR b.seats > 0 AND EXISTS (SELECT 1 FROM cards c WHERE c.instance_id = b.instance_id AND c.state <> 'lost'))
ORDER BY b.instance_id
"""
# Polls with a card where these members voted.
POLLS = """
SELECT DISTINCT v.poll_id FROM poll_votes v JOIN cards c ON c.poll_id = v.poll_id
WHERE v.membership_id = ANY($1::bigint[]) AND c.state <> 'lost' ORDER BY v.poll_id
"""


async def erase(person: Person) -> None:
    """Erase the person. Seats and places in waitlists ahead are given back first by the ordinary rules, and
    at once where the deadline has passed. Then names, preferences, sessions, sign-ins and the content of
    messages go. What the person counted for stays without a name. Doing it again changes nothing; a person
    who returns is a new one.

    Raises `LastOwner`, and then nothing has changed; `Busy`.
    """
    if await solely_owned_accounts(person):
        raise LastOwner()
    memberships = await _end_memberships(person)
    await end_standing_seats(memberships)
    await release_seats(person.id, memberships, late=Verb.REMOVE)
    await _anonymize(person)
    await finish_erasure(person.id)


async def _end_memberships(person: Person) -> list[int]:
    """End the person's memberships, and whatever would let them in again; the ids of all they ever had."""
    async with db.transaction():
        await end_access(person.id)
        await forget_presence(person.id)
        return await end_all_memberships(person, clock.now())


async def _anonymize(person: Person) -> None:
    """Clear the person's name. Their row is locked, so that nobody makes them a member meanwhile."""
    async with db.transaction():
        if await lock_person(person.id):
            await _erase_traces(person.id)
            await anonymize_person(person.id, clock.now())


async def _erase_traces(user_id: int) -> list[int]:
    """Erase the person everywhere but in their own row and their bookings; the ids of their memberships."""
    memberships = await anonymize_memberships(user_id, clock.now())
    await erase_messages(user_id)
    await forget_watcher(user_id)
    await forget_conversations(user_id)
    await delete_access(user_id)
    await forget_presence(user_id)
    return memberships


async def finish_erasure(user_id: int) -> int:
    """Erase what arrived while the person was being erased, and have the cards they are on rendered anew
    without the name; how many instances they still had a seat or a place in."""
    async with db.transaction():
        memberships = await _erase_traces(user_id)
    await end_standing_seats(memberships)
    left = await release_seats(user_id, memberships, late=Verb.REMOVE)
    for row in await db.rows(INSTANCES, memberships):
        await erase_guest_names(row["instance_id"], memberships)
    for row in await db.rows(POLLS, memberships):
        async with db.transaction():
            await bump_versions([row["poll_id"]])
    async with db.transaction():
        await redraw_unlinked_cards(memberships, clock.now())
    return left


async def finish_erasures() -> int:
    """Finish the erasures of the last day; how many instances those people were removed from. Runs every
    hour."""
    rows = await db.rows(
        "SELECT id FROM telegram_users WHERE erased_at > $1 ORDER BY id", clock.now() - RECHECK_PERIOD
    )
    return await do_each("erasure", [row["id"] for row in rows], finish_erasure)
