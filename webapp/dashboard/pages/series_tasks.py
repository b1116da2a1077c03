"""Pausing, archiving and duplicating a series, and cancelling what no longer fits its rule: a page that shows what would
happen, and the act (`S4`, `S9`)."""

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from backend.drifted.actions import keep_all_drifted
from backend.errors import InvalidForm, Refusal
from backend.events.create import NewSeries
from backend.events.queries import SeriesView
from backend.i18n import N_, Words
from webapp.dashboard.access import find_series
from webapp.dashboard.responses import notice_of, redirect, render_page
from webapp.dashboard.series_page import beside
from webapp.dashboard.series_tasks import ANY_REASON, TASKS, Task, TaskForm, suggested_start
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import SERIES, series_path
from webapp.dashboard.what_if import what_if
from webapp.forms import Faults, read_form, read_query
from webapp.notices import Undo
from webapp.respond import AnyRequest

_PATHS = [f"/series/{{series_id:int}}/{name}" for name in TASKS]


def _task_of(request: AnyRequest) -> Task:
    """The task that the address names."""
    path = request.url.path.removesuffix("/new")
    return next(task for task in TASKS.values() if path.endswith(f"/{task.name}"))


@get([f"{path}/new" for path in _PATHS])
async def new(request: AnyRequest, series_id: FromPath[int], visit: NamedDependency[Visit]) -> Response[str]:
    """What would happen, with the button that makes it so."""
    visit, view = await find_series(visit, series_id)
    task, form = _task_of(request), read_query(request, TaskForm)
    if task.asks == "start" and not form.starts_on:
        form = suggested_start(view)
    return await _page(request, visit, view, task, form)


@post(_PATHS, status_code=303)
async def create(
    request: AnyRequest, series_id: FromPath[int], visit: NamedDependency[Visit]
) -> Response[str] | Redirect:
    """Do it, and offer the way back."""
    visit, view = await find_series(visit, series_id)
    task, form, faults = _task_of(request), await read_form(request, TaskForm), Faults()
    try:
        made = await task.act(visit.person, view, form)
    except Refusal as refused:
        if not refused.field and not isinstance(refused, InvalidForm):
            raise
        faults.add(refused)
        return await _page(request, visit, view, task, form, faults=faults)
    undo = None
    if isinstance(made, NewSeries):
        undo = Undo(f"{series_path(made.series_id)}/archive", visit.voice.gettext(N_("Archive the copy")))
        target = series_path(made.series_id)
    else:
        target = SERIES if task.name == "archive" else series_path(view.id)
    if task.undone_by:
        undo = Undo(f"{series_path(view.id)}/{task.undone_by}", visit.voice.gettext(task.undo))
    return redirect(request, visit.url(target), notice_of(visit, Words(task.words["done"]), task.tone, undo))


@post("/series/{series_id:int}/drifted/keeping", status_code=303)
async def update(request: AnyRequest, series_id: FromPath[int], visit: NamedDependency[Visit]) -> Redirect:
    """Keep all dates that the rule no longer has."""
    visit, view = await find_series(visit, series_id)
    kept = await keep_all_drifted(visit.person, view.account_id, view.id)
    words = Words(N_("Kept: %(n)s date stays as it is."), {}, N_("Kept: %(n)s dates stay as they are."), kept)
    return redirect(request, visit.url(series_path(view.id)), notice_of(visit, words))


async def _page(
    request: AnyRequest,
    visit: Visit,
    view: SeriesView,
    task: Task,
    form: TaskForm,
    *,
    faults: Faults | None = None,
) -> Response[str]:
    filled = TaskForm(form.reason or ANY_REASON, form.starts_on, form.starts_time)

    async def act() -> object:
        return await task.act(visit.person, view, filled)

    return render_page(
        request,
        visit,
        "series/task.html",
        status=422 if faults else 200,
        view=view,
        task=task,
        form=form,
        faults=beside(faults.by_field) if faults else {},
        what_if=await what_if(visit, act, None if task.asks == "start" else view.id),
        back=series_path(view.id),
    )
