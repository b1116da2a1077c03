"""The consequences of a change in words (`S4`, `S5`): a line for each, what it is first, then who and when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from babel.lists import format_list

from backend.consequences.rules import (
    Consequences,
    InstanceSnapshot,
    Move,
    People,
    SeatChange,
    made_again,
)
from backend.i18n import N_, Voice
from backend.outbox.kinds import Kind

DATES_MAX, NAMES_MAX = 4, 4  # of a line; the others are counted

_STAY = N_("They stay until you move, keep or cancel them.")
_EMPTY = N_("Nobody has booked there, and no card shows it.")
_BY_HAND = N_("They were edited by hand.")
# What each kind of message says to whom it goes.
_SAID = {
    Kind.CANCELLED: N_("They will be told that it is cancelled"),
    Kind.RESTORED: N_("They will be told that it takes place after all"),
    Kind.MOVED: N_("They will be told the new time and asked whether they still come"),
    Kind.PROMOTED: N_("They will be told that they have a seat"),
    Kind.OFFER: N_("They are offered a seat, held for a while"),
    Kind.FIRST_TAP: N_("They will be told that a seat is free for the first to tap"),
    Kind.PART_FREE: N_("They will be told that some seats of their party are free"),
    Kind.CONFIRMED: N_("They will be told that it goes ahead"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One consequence. `tone` is "good", "heed" or "", and `icon` a name, both as in the dashboard."""

    tone: str
    icon: str
    strong: str
    rest: str = ""


def lines_of(voice: Voice, found: Consequences, *, is_whole: bool) -> Iterable[Line]:
    """The lines, those that people gain first, then those that need a choice, then the rest."""
    lines = _Lines(voice, found)
    yield from lines.seats()
    yield from lines.dates(
        found.restored,
        "good",
        "check",
        N_("%(n)s date takes place after all"),
        N_("%(n)s dates take place after all"),
    )
    yield from lines.dates(
        found.cancelled, "heed", "block", N_("%(n)s date is cancelled"), N_("%(n)s dates are cancelled")
    )
    yield from lines.moves()
    yield from lines.dates(
        found.drifting,
        "heed",
        "warn",
        N_("%(n)s date no longer fits the rule"),
        N_("%(n)s dates no longer fit the rule"),
        _STAY,
    )
    yield from lines.over()
    again, deleted, made = made_again(found)
    yield from lines.retimed(again)
    yield from lines.dates(deleted, "", "x", N_("%(n)s date disappears"), N_("%(n)s dates disappear"), _EMPTY)
    yield from lines.dates(made, "", "plus", N_("%(n)s new date"), N_("%(n)s new dates"))
    if is_whole and found.any:
        yield from lines.own()
    yield from lines.mailings()
    yield from lines.reminders()
    yield from lines.cards()


class _Lines:
    """The lines of each kind, in one language."""

    def __init__(self, voice: Voice, found: Consequences) -> None:
        self.voice = voice
        self.found = found
        self.instances = found.instances or {}

    def dates(
        self,
        instances: Sequence[InstanceSnapshot],
        tone: str,
        icon: str,
        one: str,
        many: str,
        after: str = "",
    ) -> Iterable[Line]:
        if instances:
            rest = _ended(self._dates(instances))
            if after:
                rest = f"{rest} {self.voice.gettext(after)}"
            yield Line(tone, icon, self.voice.ngettext(one, many, len(instances)), rest)

    def seats(self) -> Iterable[Line]:
        seats = self.found.seats
        gained = [one for one in seats if one.seats_after > one.seats_before]
        yield from self._parties(
            gained, "good", "check", N_("%(n)s person gets a seat"), N_("%(n)s people get a seat")
        )
        lost = [one for one in seats if one.seats_after < one.seats_before]
        yield from self._parties(
            lost, "heed", "warn", N_("%(n)s person loses a seat"), N_("%(n)s people lose a seat")
        )
        offered = [one for one in seats if one.offered_after > one.offered_before]
        yield from self._parties(
            offered,
            "good",
            "clock",
            N_("%(n)s person is offered a seat"),
            N_("%(n)s people are offered a seat"),
        )
        queued = [
            one
            for one in seats
            if one.waiting_after > one.waiting_before and one.offered_after >= one.offered_before
        ]
        yield from self._parties(
            queued, "heed", "clock", N_("%(n)s person joins the line"), N_("%(n)s people join the line")
        )
        ended = [
            one
            for one in seats
            if one.offered_after < one.offered_before and one.seats_after <= one.seats_before
        ]
        yield from self._parties(
            ended,
            "heed",
            "clock",
            N_("The offer to %(n)s person ends; they wait again"),
            N_("The offers to %(n)s people end; they wait again"),
        )

    def _parties(
        self, changes: Sequence[SeatChange], tone: str, icon: str, one: str, many: str
    ) -> Iterable[Line]:
        if not changes:
            return
        by_instance: dict[int, list[str]] = {}
        for change in changes:
            by_instance.setdefault(change.instance_id, []).append(change.name)
        by_names: dict[tuple[str, ...], list[InstanceSnapshot]] = {}
        for instance in sorted((self.instances[id] for id in by_instance), key=lambda one: one.starts_at):
            by_names.setdefault(tuple(by_instance[instance.id]), []).append(instance)
        strong = self.voice.ngettext(one, many, len({change.name for change in changes}))
        parts = [
            f"{self._names(People(names, len(names)))}: {self._dates(instances)}"
            for names, instances in by_names.items()
        ]
        yield Line(tone, icon, strong, self._parts(parts))

    def moves(self) -> Iterable[Line]:
        moved = [move for move in self.found.moved if move.was.starts_at != move.now.starts_at]
        if moved:
            strong = self.voice.ngettext(N_("%(n)s date moves"), N_("%(n)s dates move"), len(moved))
            parts = [
                f"{self.voice.span(move.was.starts_at, move.was.ends_at, move.was.zone)}"
                f" → {self.voice.span(move.now.starts_at, move.now.ends_at, move.now.zone)}"
                for move in moved
            ]
            yield Line("heed", "clock", strong, self._parts(parts))
        longer = [move.now for move in self.found.moved if move.was.starts_at == move.now.starts_at]
        yield from self.dates(
            longer, "", "clock", N_("%(n)s date ends at another time"), N_("%(n)s dates end at another time")
        )

    def retimed(self, moves: Sequence[Move]) -> Iterable[Line]:
        if moves:
            strong = self.voice.ngettext(
                N_("%(n)s date starts at another time"), N_("%(n)s dates start at another time"), len(moves)
            )
            parts = [
                f"{self._day(move.now)}: {self.voice.bare_hour(move.was.starts_at, move.was.zone)}"
                f" → {self.voice.hour(move.now.starts_at, move.now.zone)}"
                for move in moves
            ]
            yield Line("", "clock", strong, f"{self._parts(parts)} {self.voice.gettext(_EMPTY)}")

    def over(self) -> Iterable[Line]:
        if self.found.over:
            strong = self.voice.ngettext(
                N_("%(n)s date has more people than seats"),
                N_("%(n)s dates have more people than seats"),
                len(self.found.over),
            )
            parts = [
                f"{self._day(one)}: {self.voice.gettext(N_('over by %(n)s'), n=one.over)}"
                for one in self.found.over
            ]
            stays = self.voice.gettext(N_("Everyone who is booked keeps their seat."))
            yield Line("heed", "warn", strong, f"{self._parts(parts)} {stays}")

    def own(self) -> Iterable[Line]:
        kept = [
            one for one in self.instances.values() if one.is_edited and one.is_scheduled and one.is_written
        ]
        yield from self.dates(
            kept,
            "",
            "pin",
            N_("%(n)s date keeps its own details"),
            N_("%(n)s dates keep their own details"),
            _BY_HAND,
        )

    def mailings(self) -> Iterable[Line]:
        sent = [one for one in self.found.mailings if not one.is_withdrawn]
        for kind in dict.fromkeys(one.kind for one in sent):
            reached = _together(one.reached for one in sent if one.kind is kind)
            if not reached.total:
                continue
            said = self.voice.gettext(_SAID.get(kind, N_("They get a message")))
            at_once = self.voice.gettext(N_("At once: %(names)s."), names=self._names(reached))
            yield Line("", "send", said, at_once)
        unreachable = _together(one.unreachable for one in sent)
        if unreachable.total:
            yield Line(
                "heed",
                "warn",
                self.voice.gettext(N_("The bot cannot write to them")),
                self.voice.gettext(N_("Tell them yourself: %(names)s."), names=self._names(unreachable)),
            )
        withdrawn = _together(one.reached for one in self.found.mailings if one.is_withdrawn)
        if withdrawn.total:
            names = self._names(withdrawn)
            yield Line(
                "",
                "send",
                self.voice.gettext(N_("A message that has not gone out yet is replaced")),
                self.voice.gettext(N_("To: %(names)s."), names=names),
            )

    def reminders(self) -> Iterable[Line]:
        ended = [change for change in self.found.reminders if not change.new]
        if ended:
            names = self._names(_together(change.people for change in ended))
            yield Line(
                "",
                "bell",
                self.voice.gettext(N_("No reminder comes any more")),
                f"{self._dates([change.instance for change in ended])}: {names}.",
            )
        changed = [change for change in self.found.reminders if change.new]
        if changed:
            moments = [
                self.voice.moment(moment, change.instance.zone) for change in changed for moment in change.new
            ]
            names = self._names(_together(change.people for change in changed))
            yield Line(
                "",
                "bell",
                self.voice.gettext(N_("Reminders come at another time")),
                f"{self._parts(moments).rstrip('.')}: {names}.",
            )

    def cards(self) -> Iterable[Line]:
        for card in self.found.cards:
            strong = self.voice.ngettext(
                N_("%(n)s card is edited in “%(group)s”"),
                N_("%(n)s cards are edited in “%(group)s”"),
                card.count,
                group=card.group_title,
            )
            yield Line("", "chat", strong, self.voice.gettext(N_("No new post.")))

    def _day(self, one: InstanceSnapshot) -> str:
        return self.voice.date(one.starts_at, one.zone)

    def _dates(self, instances: Sequence[InstanceSnapshot]) -> str:
        return format_list(self._first([self._day(one) for one in instances]), locale=self.voice.locale)

    def _parts(self, parts: list[str]) -> str:
        return _ended("; ".join(self._first(parts)))

    def _first(self, dates: list[str]) -> list[str]:
        shown = dates[:DATES_MAX]
        if more := len(dates) - len(shown):
            shown.append(self.voice.ngettext(N_("%(n)s more date"), N_("%(n)s more dates"), more))
        return shown

    def _names(self, people: People) -> str:
        shown = [name or self.voice.gettext(N_("Someone")) for name in people.names[:NAMES_MAX]]
        if more := people.total - len(shown):
            shown.append(self.voice.ngettext(N_("%(n)s other"), N_("%(n)s others"), more))
        return format_list(shown, locale=self.voice.locale)


def _ended(text: str) -> str:
    """The text with a full stop; dates of some languages end with one."""
    return text if text.endswith(".") else f"{text}."


def _together(groups: Iterable[People]) -> People:
    """The people of several groups, each once as far as they are named."""
    names: dict[str, None] = {}
    unnamed = 0
    for group in groups:
        names.update(dict.fromkeys(group.names))
        unnamed = max(unnamed, group.total - len(group.names))
    return People(tuple(names), len(names) + unnamed)
