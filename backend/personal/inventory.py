"""The inventory of personal data: one literal table of every column that points at a person, how its rows are
exported to them, and what becomes of the rows when they are erased (`A7`). A test compares it with the
database.

An export names nobody else, and has no number that stands for somebody else. The guests that the person named
are an exception.
"""

from dataclasses import dataclass, replace

from backend.archive import ARCHIVED, twin

# As an array, so that the planner knows it to be small: ANY(ARRAY(…)) reads the rows of a person by their index.
OWN_MEMBERSHIPS = "SELECT id FROM memberships WHERE user_id = $1"
# What is named is looked up row by row, by its key: joins with the twins of the archive are planned now one way and now another,
# and some read every instance there is.
ACCOUNT_NAME = "(SELECT a.name FROM accounts a WHERE a.id = x.account_id) AS club"
DATE = "coalesce(i.title, (SELECT r.title FROM event_series r WHERE r.id = i.series_id)) AS date"
INSTANCE_COLUMNS = (
    f"(SELECT a.name FROM accounts a WHERE a.id = i.account_id) AS club, {DATE}, i.code, i.starts_at"
)
OF_INSTANCE = (
    " JOIN LATERAL (SELECT * FROM all_event_instances e WHERE e.id = x.instance_id OFFSET 0) i ON true"
)


@dataclass(frozen=True, slots=True)
class DataPart:
    """One part of an export, which `sql` reads for the person $1. `columns`, as `table.column`, point at the
    person. Erasing deletes their rows when `is_deleted`; otherwise the rows stay, and point at a person
    without a name."""

    part: str
    columns: tuple[str, ...]
    sql: str
    is_deleted: bool = False


PARTS = (
    DataPart(
        "you",
        ("telegram_users.id",),
        "SELECT telegram_id, first_name, last_name, username, language, language_chosen, zone, may_write_at, blocked_at,"
        " reminder_leads, leads_chosen_at, muted_kinds, created_at, seen_at FROM telegram_users WHERE id = $1",
    ),
    DataPart(
        "browsers you are signed in with",
        ("web_sessions.user_id",),
        "SELECT browser, created_at, seen_at, expires_at, revoked_at FROM web_sessions WHERE user_id = $1 ORDER BY id",
        is_deleted=True,
    ),
    DataPart(
        "sign-ins",
        ("sign_ins.user_id",),
        "SELECT browser, created_at, expires_at, confirmed_at, refused_at, used_at FROM sign_ins WHERE user_id = $1 ORDER BY id",
        is_deleted=True,
    ),
    DataPart(
        "what is counted for limits",
        ("rate_limits.user_id",),
        "SELECT name, since, used FROM rate_limits WHERE user_id = $1 ORDER BY name",
        is_deleted=True,
    ),
    DataPart(
        "calendar feed",
        ("calendar_feeds.user_id",),
        "SELECT created_at, changed_at, asked_at FROM calendar_feeds WHERE user_id = $1",
        is_deleted=True,
    ),
    DataPart(
        "clubs",
        ("memberships.user_id",),
        f"SELECT {ACCOUNT_NAME}, x.name, x.role, x.joined_through, x.joined_at, x.checked_at, x.left_at,"
        f" x.removed_at, x.visitor_since FROM memberships x WHERE x.user_id = $1 ORDER BY x.id",
    ),
    DataPart(
        "lists you were shown last",
        ("shown_lists.user_id",),
        "SELECT name, codes, shown_at FROM shown_lists WHERE user_id = $1 ORDER BY name",
        is_deleted=True,
    ),
    DataPart(
        "what you are telling the bot",
        ("conversations.user_id",),
        "SELECT kind, step, answers::text AS detail, answered_at FROM conversations WHERE user_id = $1 ORDER BY kind",
        is_deleted=True,
    ),
    DataPart(
        "groups you were seen in",
        ("group_members.user_id",),
        "SELECT g.title, x.present, x.checked_at FROM group_members x JOIN groups g ON g.id = x.group_id"
        " WHERE x.user_id = $1 ORDER BY g.id",
        is_deleted=True,
    ),
    DataPart(
        "bookings and answers",
        ("bookings.membership_id",),
        f"SELECT {INSTANCE_COLUMNS}, x.answer, x.seats, x.waiting, x.offered, x.offer_until, "
        f"x.queued_at, x.seated_at, x.answered_at,"
        " x.lapsed_at, x.replace_since, x.promoted_at, x.move_asked_at, x.move_stays_at, x.checked_in_at, x.came,"
        " x.guest_names, x.note"
        f" FROM bookings x{OF_INSTANCE} WHERE x.membership_id = ANY(ARRAY({OWN_MEMBERSHIPS})) ORDER BY i.starts_at, x.id",
    ),
    DataPart(
        "changes of your seats",
        ("event_participation_log.membership_id",),
        f"SELECT {INSTANCE_COLUMNS}, x.verb, x.via, CASE WHEN x.by_user_id = $1 THEN 'you' WHEN "
        f"x.by_user_id IS NULL THEN 'by itself'"
        " ELSE 'an organiser' END AS by, x.seats_before, x.seats_after, x.waiting_before, x.waiting_after, x.offered_before,"
        f" x.offered_after, x.at FROM event_participation_log x{OF_INSTANCE} WHERE x.membership_id = ANY"
        f"(ARRAY({OWN_MEMBERSHIPS})) ORDER BY x.id",
    ),
    DataPart(
        "seats of others that you changed",
        ("event_participation_log.by_user_id",),
        f"SELECT {INSTANCE_COLUMNS}, x.verb, x.via, x.at FROM event_participation_log x{OF_INSTANCE} WHERE x.by_user_id = $1"
        f" AND x.membership_id <> ALL(ARRAY({OWN_MEMBERSHIPS})) ORDER BY x.id",
    ),
    DataPart(
        "standing seats",
        ("regulars.membership_id",),
        f"SELECT {ACCOUNT_NAME}, r.title, x.since FROM regulars x JOIN event_series r ON r.id = x.series_id"
        f" WHERE x.membership_id = ANY(ARRAY({OWN_MEMBERSHIPS})) ORDER BY x.id",
        is_deleted=True,
    ),
    DataPart(
        "first claims",
        ("seat_claims.membership_id",),
        f"SELECT {INSTANCE_COLUMNS} FROM seat_claims x{OF_INSTANCE} WHERE "
        f"x.membership_id = ANY(ARRAY({OWN_MEMBERSHIPS})) ORDER BY i.starts_at",
        is_deleted=True,
    ),
    DataPart(
        "absences",
        ("absences.membership_id",),
        f"SELECT {INSTANCE_COLUMNS}, x.kind, x.seats, x.at, x.pardoned_at FROM absences x{OF_INSTANCE} "
        f"WHERE x.membership_id = ANY(ARRAY({OWN_MEMBERSHIPS}))"
        " ORDER BY x.id",
    ),
    DataPart(
        "votes",
        ("poll_votes.membership_id",),
        f"SELECT {ACCOUNT_NAME}, p.question, o.text, o.starts_at, x.answer, x.at FROM poll_votes x JOIN "
        f"polls p ON p.id = x.poll_id"
        " JOIN poll_options o ON o.id = x.option_id"
        f" WHERE x.membership_id = ANY(ARRAY({OWN_MEMBERSHIPS})) ORDER BY x.id",
    ),
    DataPart(
        "messages to you",
        ("messages.user_id",),
        f"SELECT {ACCOUNT_NAME}, x.kind, {DATE}, i.starts_at,"
        " (SELECT n.text FROM announcements n WHERE n.id = x.announcement_id) AS text,"
        f" x.detail, x.state, x.due_at, x.created_at, x.sent_at FROM messages x LEFT{OF_INSTANCE}"
        " WHERE x.user_id = $1 ORDER BY x.id",
    ),
    # What they did for their accounts, and when. The details may name others, so they are left out.
    DataPart(
        "what you did as an organiser",
        ("audit_log.user_id",),
        f"SELECT {ACCOUNT_NAME}, x.verb, x.object, x.at FROM audit_log x WHERE x.user_id = $1 ORDER BY x.id",
    ),
    DataPart(
        "keys you made",
        ("api_keys.created_by",),
        f"SELECT {ACCOUNT_NAME}, x.role, x.created_at, x.expires_at, x.revoked_at, x.used_at FROM api_keys x"
        " WHERE x.created_by = $1 ORDER BY x.id",
    ),
    DataPart(
        "groups you linked",
        ("groups.linked_by",),
        f"SELECT {ACCOUNT_NAME}, x.title, x.linked_at FROM groups x WHERE x.linked_by = $1 ORDER BY x.id",
    ),
    DataPart(
        "series you made",
        ("event_series.created_by",),
        f"SELECT {ACCOUNT_NAME}, x.title, x.created_at FROM event_series x WHERE x.created_by = $1 ORDER BY x.id",
    ),
    DataPart(
        "dates you cancelled",
        ("event_instances.cancelled_by",),
        f"SELECT {INSTANCE_COLUMNS}, i.cancel_reason, i.cancelled_at FROM event_instances i"
        " WHERE i.cancelled_by = $1 ORDER BY i.id",
    ),
    DataPart(
        "dates you decided on",
        ("event_instances.decided_by", "event_instances.list_closed_by"),
        f"SELECT {INSTANCE_COLUMNS}, CASE WHEN i.decided_by = $1 THEN i.decided_at END AS decided_at,"
        " CASE WHEN i.list_closed_by = $1 THEN i.list_closed_at END AS list_closed_at"
        " FROM event_instances i"
        " WHERE i.decided_by = $1 OR i.list_closed_by = $1 ORDER BY i.id",
    ),
    DataPart(
        "people you checked in",
        ("bookings.checked_in_by",),
        f"SELECT {INSTANCE_COLUMNS}, count(*) AS people FROM bookings x{OF_INSTANCE} WHERE x.checked_in_by = $1"
        " GROUP BY i.account_id, i.series_id, i.id, i.title, i.code, i.starts_at ORDER BY i.starts_at",
    ),
    DataPart(
        "absences you pardoned",
        ("absences.pardoned_by",),
        f"SELECT {INSTANCE_COLUMNS}, x.pardoned_at FROM absences x{OF_INSTANCE} WHERE x.pardoned_by = $1 ORDER BY x.id",
    ),
    DataPart(
        "cards you asked for",
        ("cards.asked_by",),
        f"SELECT {ACCOUNT_NAME}, x.created_at, x.posted_at FROM cards x WHERE x.asked_by = $1 ORDER BY x.id",
    ),
    DataPart(
        "polls you made or closed",
        ("polls.created_by", "polls.closed_by"),
        f"SELECT {ACCOUNT_NAME}, x.question, CASE WHEN x.created_by = $1 THEN x.created_at END AS created_at,"
        f" CASE WHEN x.closed_by = $1 THEN x.closed_at END AS closed_at FROM polls x"
        " WHERE x.created_by = $1 OR x.closed_by = $1 ORDER BY x.id",
    ),
    DataPart(
        "announcements you wrote",
        ("announcements.created_by",),
        f"SELECT {ACCOUNT_NAME}, x.text, x.state, x.created_at, x.due_at FROM announcements x"
        " WHERE x.created_by = $1 ORDER BY x.id",
    ),
)


def _with_archive(part: DataPart) -> DataPart:
    """The part with the columns of the archive too, whose rows point at the same people."""
    twins = [
        f"{twin(table)}.{column}"
        for table, column in (name.split(".") for name in part.columns)
        if table in ARCHIVED
    ]
    return replace(part, columns=(*part.columns, *twins))


INVENTORY = tuple(_with_archive(part) for part in PARTS)
