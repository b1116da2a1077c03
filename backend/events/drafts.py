"""What an organiser enters for a series, validated as a whole (`S1`, `X5`)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from backend import failpoints
from backend.editing import version_of
from backend.errors import Invalid, InvalidForm
from backend.i18n import N_
from backend.recurrence.faults import InvalidRecurrence
from backend.recurrence.occurrences import Occurrence
from backend.recurrence.rfc5545 import parse_recurrence
from backend.recurrence.steps import Steps
from backend.recurrence.timing import MAX_LOOKAHEAD, UNBOUNDED, SeriesBounds, SeriesTiming
from backend.settings import settings
from backend.typed_text import clean_line, clean_lines, clean_link, is_link
from backend.zones import resolve_local, zone_names

Moment = TypeVar("Moment", date, datetime)

TITLE_MAX, PLACE_MAX, DESCRIPTION_MAX, RULE_MAX = 120, 160, 2000, 2000  # characters
CAPACITY_MAX = 100_000  # seats
GUESTS_MAX = 9  # of one party
COUNTED_MAX = 2_000  # dates that the rules of a series count: they are counted anew for each search
DAY = 24 * 60  # minutes
REMINDERS_MAX = 5

_TEXT_LIMITS = {
    "title": TITLE_MAX,
    "place": PLACE_MAX,
    "description": DESCRIPTION_MAX,
    "map_url": PLACE_MAX * 3,
    "rule": RULE_MAX,
    "emoji": 16,
}
# Field: least, most. None, where a field may be None, is always allowed.
_NUMBER_LIMITS = {
    "duration_minutes": (5, 14 * DAY),
    "capacity": (1, CAPACITY_MAX),
    "guests_max": (0, GUESTS_MAX),
    "opens_before_minutes": (0, 366 * DAY),
    "closes_before_minutes": (0, 366 * DAY),
    "cancel_before_minutes": (0, 366 * DAY),
    "announce_before_minutes": (0, 366 * DAY),
    "offers_before_minutes": (0, 366 * DAY),
    "offer_minutes": (5, DAY),
    "first_tap_before_minutes": (0, DAY),
    "min_to_run": (1, CAPACITY_MAX),
    "decide_before_minutes": (0, 60 * DAY),
    "warn_before_minutes": (0, 60 * DAY),
}


class Visibility(StrEnum):
    """Who can see a series (`A5`), as `event_series.visibility` stores it."""

    GROUP = "group"  # members of the account
    LINK = "link"  # anyone who has the link


def too_far_ahead(start: Moment, now: Moment) -> Invalid | None:
    """What to say of a first date that lies so far ahead that none is looked for there; both are days, or both aware instants."""
    if start <= now + MAX_LOOKAHEAD:
        return None
    return Invalid(
        N_("This is too far ahead. The first date can be at most %(years)s years from now."),
        field="starts_local",
        years=MAX_LOOKAHEAD.days // 366,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesDraft:
    """A series as entered, its texts cleaned (`X10`). `starts_local` is naive wall-clock time in `zone`;
    windows are in minutes."""

    title: str
    zone: str
    starts_local: datetime
    emoji: str = ""
    description: str = ""
    place: str = ""
    map_url: str = ""
    duration_minutes: int = 60
    rule: str = ""
    capacity: int | None = None
    guests_max: int = 0
    opens_before_minutes: int | None = None
    closes_before_minutes: int = 0
    cancel_before_minutes: int | None = None
    announce_before_minutes: int = 2 * DAY
    fill_gaps: bool = False
    group_id: int | None = None
    topic_id: int | None = None
    visibility: str = Visibility.GROUP
    offers_before_minutes: int = DAY  # nearer than this, a free seat is offered (W3)
    offer_minutes: int = 30
    first_tap_before_minutes: int = 120  # nearer than this, the first tap takes a free seat (W3)
    min_to_run: int | None = None
    decide_before_minutes: int = DAY
    decide_by_itself: bool = False  # False: an organiser decides (S7)
    warn_before_minutes: int = DAY  # before the decision
    remind_before_minutes: tuple[int, ...] = (DAY, 120)
    remind_unanswered: bool = False

    def __post_init__(self) -> None:
        for field in ("title", "emoji", "place"):
            object.__setattr__(self, field, clean_line(getattr(self, field)))
        object.__setattr__(self, "description", clean_lines(self.description))
        object.__setattr__(self, "map_url", clean_link(self.map_url))

    @property
    def version(self) -> str:
        """What identifies these values (`backend.editing`)."""
        return version_of(*(getattr(self, name) for name in self.__slots__))

    def validate(self, steps: Steps | None = None) -> None:
        """Raises `InvalidForm` with every fault at once (`X5`). `steps` are those of a search that follows."""
        faults = [
            *self._text_faults(),
            *self._number_faults(),
            *self._consistency_faults(),
            *self._date_faults(),
        ]
        if not faults:
            try:
                self.timing.check_work(timedelta(weeks=settings.weeks_ahead), steps or Steps())
            except InvalidRecurrence as error:
                faults = [error]
        if faults:
            raise InvalidForm(faults)

    @property
    def timing(self) -> SeriesTiming:
        """What its occurrences follow from."""
        return SeriesTiming(self.starts_local, self.zone, self.rule, self.duration_minutes)

    def next_occurrences(
        self,
        after: datetime,
        *,
        limit: int,
        bounds: SeriesBounds = UNBOUNDED,
        steps: Steps | None = None,
    ) -> list[Occurrence]:
        """A preview of the first `limit` occurrences after an aware instant, within the bounds of a series that
        was split (`S4`). Raises `InvalidForm`, also when it takes more than these steps."""
        steps = steps or Steps()
        self.validate(steps)
        timing = replace(self.timing, bounds=bounds)
        try:
            return timing.occurrences(after=after, until=after + MAX_LOOKAHEAD, limit=limit, steps=steps)
        except InvalidRecurrence as error:
            raise InvalidForm([error]) from error

    def explain_no_dates(self, now: datetime) -> Invalid:
        """Why it has no date after this instant, for one that has been validated."""
        starts_at = resolve_local(self.starts_local, self.zone)
        if fault := too_far_ahead(starts_at, now):
            return fault
        if starts_at > now:
            return Invalid(N_("Its rule leaves out every date."), field="rule")
        return Invalid(N_("All its dates are in the past."), field="starts_local")

    def _text_faults(self) -> Iterator[Invalid]:
        if not self.title:
            yield Invalid(N_("Give it a title."), field="title")
        for field, most in _TEXT_LIMITS.items():
            if len(getattr(self, field)) > most:
                yield Invalid(N_("At most %(most)s characters, please."), field=field, most=most)
        if any(char.isalnum() or char.isspace() for char in self.emoji):
            yield Invalid(N_("One emoji, or nothing."), field="emoji")
        if self.map_url and not self.map_url.startswith("https://"):
            yield Invalid(N_("A link that begins with https://, please."), field="map_url")
        elif self.map_url and not is_link(self.map_url):
            yield Invalid(N_("This link leads nowhere. Copy it from the map again."), field="map_url")
        if self.zone not in zone_names():
            yield Invalid(N_("Unknown time zone."), field="zone")
        if self.visibility not in set(Visibility):
            yield Invalid(N_("Choose who can see it."), field="visibility")

    def _number_faults(self) -> Iterator[Invalid]:
        for field, (least, most) in _NUMBER_LIMITS.items():
            number = getattr(self, field)
            if number is not None and not least <= number <= most:
                yield Invalid(
                    N_("Between %(least)s and %(most)s, please."), field=field, least=least, most=most
                )
        if len(self.remind_before_minutes) > REMINDERS_MAX or not all(
            5 <= minutes <= 60 * DAY for minutes in self.remind_before_minutes
        ):
            yield Invalid(
                N_("At most %(most)s reminders, each at least five minutes ahead."),
                field="remind_before_minutes",
                most=REMINDERS_MAX,
            )

    def _consistency_faults(self) -> Iterator[Invalid]:
        if self.offers_before_minutes < self.first_tap_before_minutes:
            yield Invalid(
                N_("Offers have to begin before the last phase, when the first to tap gets the seat."),
                field="offers_before_minutes",
            )
        if self.min_to_run and self.capacity and self.min_to_run > self.capacity:
            yield Invalid(N_("That is more than there are seats."), field="min_to_run")
        opens, closes = self.opens_before_minutes, self.closes_before_minutes
        if opens is not None and opens <= closes:
            yield Invalid(N_("It can’t close before it opens."), field="opens_before_minutes")

    def _date_faults(self) -> Iterator[Invalid]:
        if not 2000 <= self.starts_local.year < 2200:
            yield Invalid(N_("Choose a date in this century."), field="starts_local")
        try:
            recurrence = parse_recurrence(self.rule)
        except InvalidRecurrence as error:
            yield error
            return
        counted = sum(rule.count or 0 for rule in (*recurrence.rules, *recurrence.exrules))
        if counted > COUNTED_MAX and not failpoints.on("rules.any-count"):
            yield Invalid(
                N_("A repetition can count to %(most)s at most; end it on a day instead."),
                field="rule",
                most=COUNTED_MAX,
            )
