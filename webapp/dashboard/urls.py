"""The addresses of the dashboard's pages, as its modules link to them. `Visit.url` adds the club where there
are several."""

HOME = "/dashboard"
SIGN_IN = "/dashboard/sign-in"
TELEGRAM_SIGN_IN = "/dashboard/sign-in/telegram"
RENEWAL = "/dashboard/sign-in/renewal"
SERIES = "/dashboard/series"
MEMBERS = "/dashboard/members"
INVITES = "/dashboard/members/invites"
POLLS = "/dashboard/polls"
NUMBERS = "/dashboard/numbers"
ANNOUNCEMENTS = "/dashboard/announcements"
MESSAGES = "/dashboard/messages"
GROUPS = "/dashboard/groups"
AUDIT = "/dashboard/audit"
KEYS = "/dashboard/keys"
SETTINGS = "/dashboard/settings"
SERIES_DEFAULTS = "/dashboard/settings/events"
HISTORY = "/dashboard/settings/history"
OWNERSHIP = "/dashboard/settings/ownership"
CLOSING = "/dashboard/settings/closing"
SECTIONS = frozenset(
    {SERIES, MEMBERS, POLLS, NUMBERS, ANNOUNCEMENTS, MESSAGES, GROUPS, AUDIT, KEYS, SETTINGS}
)


def event_path(code: str) -> str:
    """The page of one instance."""
    return f"{HOME}/events/{code}"


def message_path(code: str) -> str:
    """The form of a message to the people of one instance."""
    return f"{event_path(code)}/message"


def check_ins_path(code: str) -> str:
    """The list at the door of one instance."""
    return f"{event_path(code)}/check-ins"


def party_path(code: str, membership_id: int) -> str:
    """One party of one instance."""
    return f"{event_path(code)}/bookings/{membership_id}"


def closure_path(code: str) -> str:
    """Closing the attendance list of one instance."""
    return f"{event_path(code)}/closure"


def series_path(series_id: int) -> str:
    """The form of one series."""
    return f"{SERIES}/{series_id}"


def poll_path(code: str) -> str:
    """The page of one poll."""
    return f"{POLLS}/{code}"


def announcement_path(announcement_id: int) -> str:
    """The page of one announcement."""
    return f"{ANNOUNCEMENTS}/{announcement_id}"


def section_of(path: str) -> str:
    """The entry of the navigation that a page belongs to."""
    noun = path.removeprefix(HOME).strip("/").partition("/")[0]
    section = f"{HOME}/{noun}"
    return section if section in SECTIONS else HOME
