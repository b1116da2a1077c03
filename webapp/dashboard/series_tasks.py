"""What can be done with a whole series: each task with its words, its act and its way back (`S4`, `S9`)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from backend import clock
from backend.drifted.actions import cancel_drifted, move_drifted
from backend.errors import Invalid
from backend.events.archive import archive_series, restore_series
from backend.events.create import NewSeries, duplicate_series
from backend.events.pause import pause_series, resume_series
from backend.events.queries import SeriesView
from backend.i18n import N_
from backend.known_zones import reading_zone
from backend.people.queries import Person
from webapp.notices import Tone

# A reason that stands for the one that is still to be typed, while only the consequences are asked for.
ANY_REASON = "…"


@dataclass(frozen=True, slots=True)
class TaskForm:
    """A reason that people read, or the first date of a copy."""

    reason: str = ""
    starts_on: str = ""
    starts_time: str = ""

    @property
    def starts_local(self) -> datetime:
        """Raises `Invalid`."""
        try:
            return datetime.combine(
                date.fromisoformat(self.starts_on), time.fromisoformat(self.starts_time)
            ).replace(tzinfo=None, second=0, microsecond=0)
        except ValueError as error:
            raise Invalid(N_("Choose a day and a time."), field="starts_local") from error


Act = Callable[[Person, SeriesView, TaskForm], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Task:
    """A task. `words` are its title, explanation, button, and what is said when it is done; `undone_by` is the task that is
    its way back, labelled `undo`."""

    name: str
    act: Act
    words: dict[str, str]
    undone_by: str = ""
    undo: str = N_("Undo")
    asks: str = ""  # "reason", "reason?" where it may be empty, or "start"
    is_harsh: bool = False
    tone: Tone = "plain"


async def _pause(person: Person, view: SeriesView, form: TaskForm) -> None:
    await pause_series(person, view.account_id, view.id)


async def _resume(person: Person, view: SeriesView, form: TaskForm) -> int:
    return await resume_series(person, view.account_id, view.id)


async def _archive(person: Person, view: SeriesView, form: TaskForm) -> int:
    return await archive_series(person, view.account_id, view.id, form.reason)


async def _restore(person: Person, view: SeriesView, form: TaskForm) -> int:
    return await restore_series(person, view.account_id, view.id)


async def _duplicate(person: Person, view: SeriesView, form: TaskForm) -> NewSeries:
    return await duplicate_series(person, view.account_id, view.id, form.starts_local)


async def _cancel_drifted(person: Person, view: SeriesView, form: TaskForm) -> int:
    return await cancel_drifted(person, view.account_id, view.id, form.reason)


async def _move_drifted(person: Person, view: SeriesView, form: TaskForm) -> int:
    return await move_drifted(person, view.account_id, view.id)


_PAUSE = {
    "title": N_("Pause this event"),
    "explanation": N_(
        "No new dates appear and nothing is announced until you resume it. The dates that exist can be booked as before."
    ),
    "button": N_("Pause"),
    "done": N_("Paused. No new dates appear until you resume it."),
}
_RESUME = {
    "title": N_("Resume this event"),
    "explanation": N_(
        "The dates of the coming weeks appear, and are announced as usual. Regulars get their seats first."
    ),
    "button": N_("Resume"),
    "done": N_("Resumed. Its dates appear again."),
}
_ARCHIVE = {
    "title": N_("Archive this event"),
    "explanation": N_(
        "It leaves the lists and gets no new dates. Dates with bookings are cancelled, and their people read the reason."
    ),
    "button": N_("Archive"),
    "done": N_("Archived. You find it under “Archived”."),
}
_RESTORE = {
    "title": N_("Restore this event"),
    "explanation": N_(
        "It is back in the lists, and the dates of the coming weeks appear. Dates that were cancelled stay cancelled."
    ),
    "button": N_("Restore it"),
    "done": N_("Restored. Its dates appear again."),
}
_COPY = {
    "title": N_("Duplicate this event"),
    "explanation": N_(
        "A new event with the same rhythm and settings, and nobody booked. Choose when it begins."
    ),
    "button": N_("Duplicate"),
    "done": N_("This is the copy. The original is as it was."),
}
_CANCEL = {
    "title": N_("Cancel the dates that no longer fit the rule"),
    "explanation": N_(
        "Everyone booked, in line or “maybe” will be told. Each date can be restored until its start."
    ),
    "button": N_("Cancel them all"),
    "done": N_("Cancelled. Each date can be restored on its own page until its start."),
}
_MOVE = {
    "title": N_("Move the dates to the rule"),
    "explanation": N_(
        "Each goes to a free date of the rule, in the same week if there is one, and keeps its people. Those without one"
        " within a week stay as they are."
    ),
    "button": N_("Move them all"),
    "done": N_("Moved. Each date can be moved on, or back, on its own page."),
}
TASKS = {
    task.name: task
    for task in (
        Task("pause", _pause, _PAUSE, undone_by="resumption"),
        Task("resumption", _resume, _RESUME, undone_by="pause", undo=N_("Pause again"), tone="yes"),
        Task(
            "archive",
            _archive,
            _ARCHIVE,
            undone_by="restoration",
            undo=N_("Restore it"),
            asks="reason?",
            is_harsh=True,
        ),
        Task("restoration", _restore, _RESTORE, tone="yes"),
        Task("copies", _duplicate, _COPY, asks="start", tone="yes"),
        Task("drifted/move", _move_drifted, _MOVE, tone="yes"),
        Task("drifted/cancellation", _cancel_drifted, _CANCEL, asks="reason", is_harsh=True),
    )
}


def suggested_start(view: SeriesView) -> TaskForm:
    """For a copy: the next day from tomorrow on that is the same day of the week, at the same hour."""
    was = view.draft.starts_local
    tomorrow = clock.now().astimezone(reading_zone(view.draft.zone)).date() + timedelta(days=1)
    day = tomorrow + timedelta(days=(was.weekday() - tomorrow.weekday()) % 7)
    return TaskForm(starts_on=day.isoformat(), starts_time=was.strftime("%H:%M"))
