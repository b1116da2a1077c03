"""What an organiser enters for a poll, checked as a whole (`P1`, `X5`)."""

from dataclasses import dataclass
from datetime import datetime

from backend import clock
from backend.errors import Invalid, InvalidForm
from backend.i18n import N_
from backend.polls.rules import PollKind, ResultVisibility
from backend.typed_text import clean_line

QUESTION_MAX, OPTION_MAX = 300, 100
OPTIONS_MIN, OPTIONS_MAX = 2, 40
LIMIT_MAX = 100_000


@dataclass(frozen=True, slots=True)
class OptionDraft:
    """An option as entered: `text`, cleaned to one line (`X10`), or in a poll about dates `starts_at`, an
    aware instant. `votes_max` limits its votes, and of a date its yes answers; None is no limit."""

    text: str = ""
    votes_max: int | None = None
    starts_at: datetime | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean_line(self.text))


@dataclass(frozen=True, slots=True, kw_only=True)
class PollDraft:
    """A poll as entered, its question cleaned to one line (`X10`). `closes_at` is an aware instant;
    `choices_max` counts for several choices only.

    `kind` and `results` are text as a form sends it: `validate` checks that they are a `PollKind` and a
    `ResultVisibility`.
    """

    question: str
    options: tuple[OptionDraft, ...]
    kind: str = PollKind.SINGLE
    choices_max: int = 1
    anonymous: bool = False
    results: str = ResultVisibility.LIVE
    closes_at: datetime | None = None
    group_id: int | None = None
    topic_id: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "question", clean_line(self.question))

    @property
    def answers_max(self) -> int:
        """How many options one ballot may answer: all dates, or as many as the poll's kind allows."""
        if self.kind == PollKind.DATES:
            return max(1, len(self.options))
        return self.choices_max if self.kind == PollKind.SEVERAL else 1

    def validate(self) -> None:
        """Raises `InvalidForm` with every fault at once. Its fields are question, options, option-0…, kind,
        results, choices_max and closes_at."""
        faults = [*self._question(), *self._options(), *self._rules()]
        if faults:
            raise InvalidForm(faults)

    def _question(self) -> list[Invalid]:
        if not self.question:
            return [Invalid(N_("Ask something."), field="question")]
        return _check_length(self.question, QUESTION_MAX, "question")

    def _options(self) -> list[Invalid]:
        faults = []
        if not OPTIONS_MIN <= len(self.options) <= OPTIONS_MAX:
            faults.append(
                Invalid(
                    N_("Between %(least)s and %(most)s options, please."),
                    field="options",
                    least=OPTIONS_MIN,
                    most=OPTIONS_MAX,
                )
            )
        seen: set[str | datetime] = set()
        for i, option in enumerate(self.options):
            faults += self._option(option, seen, f"option-{i}")
        return faults

    def _option(self, option: OptionDraft, seen: set[str | datetime], field: str) -> list[Invalid]:
        """The faults of one option; `seen` holds the names, or moments, of the options before it."""
        name: str | datetime | None = option.text.casefold()
        if self.kind == PollKind.DATES:
            name = option.starts_at
            if name is None:
                return [Invalid(N_("Choose a day and a time."), field=field)]
            if name <= clock.now():
                return [Invalid(N_("Choose a time in the future."), field=field)]
        elif not name:
            return [Invalid(N_("Write something or remove this option."), field=field)]
        if name in seen:
            return [Invalid(N_("This option already exists."), field=field)]
        seen.add(name)
        if option.votes_max is not None and not 1 <= option.votes_max <= LIMIT_MAX:
            bounds = N_("Between %(least)s and %(most)s votes, please; or leave it empty.")
            return [Invalid(bounds, field=field, least=1, most=LIMIT_MAX)]
        return _check_length(option.text, OPTION_MAX, field)

    def _rules(self) -> list[Invalid]:
        faults = []
        if self.kind not in set(PollKind):
            faults.append(Invalid(N_("Choose one, several, or dates."), field="kind"))
        if self.results not in set(ResultVisibility):
            faults.append(Invalid(N_("Choose when results are shown."), field="results"))
        if self.kind == PollKind.SEVERAL and not 1 <= self.choices_max <= max(1, len(self.options)):
            faults.append(
                Invalid(
                    N_("Between %(least)s and %(most)s, please."),
                    field="choices_max",
                    least=1,
                    most=max(1, len(self.options)),
                )
            )
        if self.closes_at is not None and self.closes_at <= clock.now():
            faults.append(Invalid(N_("Choose a time in the future."), field="closes_at"))
        return faults


def _check_length(text: str, most: int, field: str) -> list[Invalid]:
    if len(text) <= most:
        return []
    return [Invalid(N_("At most %(most)s characters, please."), field=field, most=most)]
