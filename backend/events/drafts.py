"""What an organiser enters for a series, checked as a whole (`S1`, `X5`)."""

import re
from dataclasses import dataclass
from datetime import datetime

from backend.errors import Invalid, InvalidForm
from backend.events.recurrence import Recurrence
from backend.events.rfc5545 import BadRule, parse_recurrence
from backend.i18n import N_
from backend.zones import zone_names

TITLE_MAX, PLACE_MAX, DESCRIPTION_MAX, RULE_MAX = 120, 160, 2000, 2000
CAPACITY_MAX = 100_000
DAY = 24 * 60
REMINDERS_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesDraft:
    """A series as entered. `starts_local` is naive wall-clock time in `zone`; windows are minutes before the start."""

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
    visibility: str = "group"
    offers_before_minutes: int = DAY  # nearer than this, a free seat is offered (W3)
    offer_minutes: int = 30
    first_tap_before_minutes: int = 120  # nearer than this, the first tap has it
    min_to_run: int | None = None
    decide_before_minutes: int = DAY
    decide_by_itself: bool = False  # else an organiser decides (S7)
    warn_before_minutes: int = DAY  # before the decision
    remind_before_minutes: tuple[int, ...] = (DAY, 120)
    remind_unanswered: bool = False

    def check(self) -> Recurrence:
        """The draft's recurrence. Raises `InvalidForm` with every fault at once."""
        faults = [*self._texts(), *self._numbers()]
        recurrence = Recurrence()
        try:
            recurrence = parse_recurrence(self.rule)
        except BadRule as bad:
            faults.append(Invalid(bad.message, field="rule", part=bad.part))
        if faults:
            raise InvalidForm(faults)
        return recurrence

    def _texts(self) -> list[Invalid]:
        faults = []
        if not self.title.strip():
            faults.append(Invalid(N_("Give it a title."), field="title"))
        for field, most in (
            ("title", TITLE_MAX),
            ("place", PLACE_MAX),
            ("description", DESCRIPTION_MAX),
            ("map_url", PLACE_MAX * 3),
            ("rule", RULE_MAX),
            ("emoji", 16),
        ):
            if len(getattr(self, field)) > most:
                faults.append(Invalid(N_("At most %(most)s characters, please."), field=field, most=most))
        if any(c.isalnum() or c.isspace() for c in self.emoji):
            faults.append(Invalid(N_("One emoji, or nothing."), field="emoji"))
        if self.map_url and not re.match(r"https://[^\s<>\"']+$", self.map_url):
            faults.append(Invalid(N_("A link that begins with https://, please."), field="map_url"))
        if self.zone not in zone_names():
            faults.append(Invalid(N_("That time zone is not known."), field="zone"))
        if self.visibility not in ("group", "link"):
            faults.append(Invalid(N_("Choose who can see it."), field="visibility"))
        return faults

    def _numbers(self) -> list[Invalid]:
        faults = []
        bounds = (
            ("duration_minutes", 5, 14 * DAY),
            ("capacity", 1, CAPACITY_MAX),
            ("guests_max", 0, 9),
            ("opens_before_minutes", 0, 366 * DAY),
            ("closes_before_minutes", 0, 366 * DAY),
            ("cancel_before_minutes", 0, 366 * DAY),
            ("announce_before_minutes", 0, 366 * DAY),
            ("offers_before_minutes", 0, 366 * DAY),
            ("offer_minutes", 5, DAY),
            ("first_tap_before_minutes", 0, DAY),
            ("min_to_run", 1, CAPACITY_MAX),
            ("decide_before_minutes", 0, 60 * DAY),
            ("warn_before_minutes", 0, 60 * DAY),
        )
        for field, least, most in bounds:
            number = getattr(self, field)
            if number is not None and not least <= number <= most:
                faults.append(
                    Invalid(
                        N_("Between %(least)s and %(most)s, please."),
                        field=field,
                        least=least,
                        most=most,
                    )
                )
        if len(self.remind_before_minutes) > REMINDERS_MAX or not all(
            5 <= lead <= 60 * DAY for lead in self.remind_before_minutes
        ):
            faults.append(
                Invalid(
                    N_("At most %(most)s reminders, each at least five minutes ahead."),
                    field="remind_before_minutes",
                    most=REMINDERS_MAX,
                )
            )
        if self.offers_before_minutes < self.first_tap_before_minutes:
            faults.append(
                Invalid(
                    N_("Offers have to begin before the last window, in which the first tap counts."),
                    field="offers_before_minutes",
                )
            )
        if self.min_to_run and self.capacity and self.min_to_run > self.capacity:
            faults.append(Invalid(N_("That is more than there are seats."), field="min_to_run"))
        opens, closes = self.opens_before_minutes, self.closes_before_minutes
        if opens is not None and opens <= closes:
            faults.append(Invalid(N_("It would close before it opens."), field="opens_before_minutes"))
        if not 2000 <= self.starts_local.year < 2200:
            faults.append(Invalid(N_("Choose a date in this century."), field="starts_local"))
        return faults
