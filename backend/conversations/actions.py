"""Conversations with the bot: their state is a row, so that another process, or the same one after a restart, goes on
where they stopped (decision 0053).

A token that changes with each answer stands for what has been answered so far: a button that carries it works only while
nothing has been answered since, and of two taps at once one ends the conversation, with what it does.
"""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from html import escape
from typing import Any

from backend import clock, db
from backend.each import do_each
from backend.errors import Invalid
from backend.i18n import N_, Voice
from backend.one_use import used_with
from backend.outbox.replies import hold_reply
from backend.people.queries import Person

REMIND_AFTER = timedelta(minutes=5)  # without an answer
LET_GO_AFTER = timedelta(minutes=30)


class ConversationKind(StrEnum):
    """What a conversation is for, as `conversations.kind` stores it."""

    CREATE_EVENT = "create-event"
    CREATE_POLL = "create-poll"
    GUESTS = "guests"  # their names, while it is open which event they come to
    ADD_PARTY = "add-party"  # whom an organiser adds, while it is open to which date
    KEY = "key"
    CHANGE_DATE = "change-date"


# Those in which the bot waits for an answer, with its reminder.
_UNFINISHED = {
    ConversationKind.CREATE_EVENT: N_(
        "Your new event isn’t finished. Answer my last question, or send /cancel."
        " It ends by itself %(minutes)s minutes after your last answer."
    ),
    ConversationKind.CREATE_POLL: N_(
        "Your new poll isn’t finished. Answer my last question, or send /cancel."
        " It ends by itself %(minutes)s minutes after your last answer."
    ),
}


class ConversationEnded(Invalid):
    """The conversation has ended, or has gone on, before this was done."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What was answered so far, and which step is next."""

    kind: ConversationKind
    step: str
    answers: Mapping[str, Any]
    token: int


async def conversation(person: Person, kind: ConversationKind) -> Conversation | None:
    """The person's conversation of this kind; None when there is none, or nobody has answered for too long."""
    return (await conversations(person, [kind])).get(kind)


async def conversations(
    person: Person, kinds: Sequence[ConversationKind]
) -> Mapping[ConversationKind, Conversation]:
    """Those of the person's conversations of these kinds that are under way."""
    rows = await db.rows(
        "SELECT kind, step, answers::text AS answers, token FROM conversations"
        " WHERE user_id = $1 AND kind = ANY($2::text[]) AND answered_at > $3",
        person.id,
        list(kinds),
        clock.now() - LET_GO_AFTER,
    )
    return {
        ConversationKind(row["kind"]): Conversation(
            ConversationKind(row["kind"]), row["step"], json.loads(row["answers"]), row["token"]
        )
        for row in rows
    }


async def save_conversation(
    person: Person, kind: ConversationKind, step: str, answers: Mapping[str, Any]
) -> Conversation:
    """Record what was answered and which step is next, in place of what was recorded before."""
    token = secrets.randbelow(2**31)
    await db.execute_single(
        "INSERT INTO conversations (user_id, kind, step, answers, token, answered_at) VALUES ($1, $2, $3, $4::jsonb, $5, $6)"
        " ON CONFLICT ON CONSTRAINT conversations_pkey DO UPDATE SET step = excluded.step, answers = excluded.answers,"
        " token = excluded.token, answered_at = excluded.answered_at, reminded_at = NULL",
        person.id,
        kind,
        step,
        json.dumps(answers),
        token,
        clock.now(),
    )
    return Conversation(kind, step, answers, token)


async def end_conversation(person: Person, kind: ConversationKind) -> bool:
    """End the person's conversation; True for exactly one caller."""
    sql = "DELETE FROM conversations WHERE user_id = $1 AND kind = $2"
    return await db.execute_single_count(sql, person.id, kind) == 1


@contextmanager
def ended_with(person: Person, asked: Conversation, sentence: str) -> Iterator[None]:
    """End the conversation in the transaction of what is done inside, which raises `ConversationEnded` with this sentence where
    it has ended already. It stays when what is done inside fails."""

    async def end() -> None:
        sql = "DELETE FROM conversations WHERE user_id = $1 AND kind = $2 AND token = $3"
        if await db.execute(sql, person.id, asked.kind, asked.token) == 0:
            raise ConversationEnded(sentence)

    with used_with(end):
        yield


async def end_others(person: Person, kind: ConversationKind) -> None:
    """End the person's other conversations: one thing is asked at a time, so that a text answers what was asked last."""
    await db.execute_single("DELETE FROM conversations WHERE user_id = $1 AND kind <> $2", person.id, kind)


async def forget_conversations(user_id: int) -> None:
    """Delete the person's conversations, inside the caller's transaction (`A7`)."""
    await db.execute("DELETE FROM conversations WHERE user_id = $1", user_id)


async def follow_up_conversations() -> int:
    """Remind once of each new event or poll that waits for an answer, and delete what nobody has answered for too long; how many
    conversations. Runs every minute."""
    now = clock.now()
    waiting = await db.rows(
        "SELECT c.user_id FROM conversations c JOIN telegram_users u ON u.id = c.user_id"
        " WHERE c.kind = ANY($1::text[]) AND c.reminded_at IS NULL AND c.answered_at BETWEEN $2 AND $3"
        " AND u.may_write_at IS NOT NULL AND u.blocked_at IS NULL ORDER BY c.user_id",
        list(_UNFINISHED),
        now - LET_GO_AFTER,
        now - REMIND_AFTER,
    )
    reminded = await do_each("conversation", [row["user_id"] for row in waiting], _remind)
    gone = await db.execute_single_count(
        "DELETE FROM conversations WHERE answered_at <= $1", now - LET_GO_AFTER
    )
    return reminded + gone


async def _remind(user_id: int) -> int:
    """Remind the person of their new event or poll, once for each answer that does not come."""
    now = clock.now()
    async with db.transaction():
        row = await db.row(
            "UPDATE conversations c SET reminded_at = $2 FROM telegram_users u WHERE u.id = c.user_id AND c.user_id = $1"
            " AND c.kind = ANY($4::text[]) AND c.reminded_at IS NULL AND c.answered_at <= $3"
            " RETURNING c.kind, u.telegram_id, u.language",
            user_id,
            now,
            now - REMIND_AFTER,
            list(_UNFINISHED),
        )
        if row is None or row["telegram_id"] is None:
            return 0
        minutes = int(LET_GO_AFTER.total_seconds() // 60)
        text = escape(Voice(row["language"]).gettext(_UNFINISHED[row["kind"]], minutes=minutes), quote=False)
        chat_id = row["telegram_id"]
        await hold_reply(chat_id, "sendMessage", {"chat_id": chat_id, "text": text}, retry_after=0)
    return 1
