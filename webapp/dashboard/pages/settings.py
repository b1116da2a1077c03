"""The club's name, zone and language; its groups; the visitor's own language and browsers (`A6`, `M5`,
`X3`)."""

from collections.abc import Mapping
from dataclasses import dataclass

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from backend.accounts.actions import edit_account
from backend.accounts.rules import Permission
from backend.editing import ChangedMeanwhile, version_of
from backend.errors import Invalid
from backend.groups.queries import groups
from backend.i18n import N_, Words, languages
from backend.linking.actions import unlink_group
from backend.people.actions import choose_language
from backend.people.browser_sessions import browser_sessions, end_browser_session, end_sessions
from backend.people.queries import person as person_by_id
from backend.settings import settings
from backend.zones import zone_names
from webapp.dashboard import cookies
from webapp.dashboard.conflicts import Seen, differences
from webapp.dashboard.responses import notice_of, redirect, render_page
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import SETTINGS, SIGN_IN
from webapp.forms import Faults, read_form
from webapp.notices import Notice
from webapp.respond import AnyRequest


@dataclass(frozen=True, slots=True)
class AccountForm:
    """The club's name, and the zone and the language that new series and cards start with."""

    name: str = ""
    zone: str = ""
    language: str = ""

    @property
    def version(self) -> str:
        """What identifies these values."""
        return version_of(self.name, self.zone, self.language)


@dataclass(frozen=True, slots=True)
class LanguageForm:
    language: str = ""


@get("/settings")
async def index(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str]:
    """All settings the visitor's role reaches."""
    account = visit.account
    return await _page(request, visit, AccountForm(account.name, account.zone, account.language))


@post("/settings/club", status_code=303)
async def update(request: AnyRequest, visit: NamedDependency[Visit]) -> Response[str] | Redirect:
    """Change the club's name, or the zone and the language that new series start with."""
    visit = await visit.authorize(Permission.MANAGE_OWNERS)
    form, faults = await read_form(request, AccountForm), Faults()
    if form.zone not in zone_names():
        faults.add(Invalid(N_("Unknown time zone."), field="zone"))
    if form.language not in languages():
        faults.add(Invalid(N_("We do not speak that language yet."), field="language"))
    seen = (await read_form(request, Seen)).version
    if not faults.by_field:
        try:
            await edit_account(
                visit.person,
                visit.account.id,
                name=form.name,
                zone=form.zone,
                language=form.language,
                seen=seen,
            )
        except ChangedMeanwhile:
            return await _page(
                request, await visit.authorize(Permission.MANAGE_OWNERS), form, is_conflict=True, status=409
            )
        except Invalid as refusal:
            faults.add(refusal)
        else:
            return redirect(request, visit.url(SETTINGS), notice_of(visit, Words(N_("Saved."))))
    return await _page(request, visit, form, faults=faults.by_field, seen=seen, status=422)


@post("/settings/language", status_code=303)
async def update_language(request: AnyRequest, visit: NamedDependency[Visit]) -> Redirect:
    """Change the language the person reads, here and in Telegram."""
    form = await read_form(request, LanguageForm)
    await choose_language(visit.person, form.language)
    person = await person_by_id(visit.person.id) or visit.person
    return redirect(request, visit.url(SETTINGS), Notice(person.voice.gettext(N_("Saved."))))


@post("/settings/groups/{group_id:int}/removal", status_code=303)
async def destroy_group(
    request: AnyRequest, group_id: FromPath[int], visit: NamedDependency[Visit]
) -> Redirect:
    """Unlink a group; its series stay, without a group."""
    visit = await visit.authorize(Permission.MANAGE_GROUPS)
    await unlink_group(visit.person, visit.account.id, group_id)
    words = Words(N_("The group is no longer linked. Its events stay; nothing is posted there."))
    return redirect(request, visit.url(SETTINGS), notice_of(visit, words))


@post("/settings/browsers/{browser_id:int}/removal", status_code=303)
async def destroy(request: AnyRequest, browser_id: FromPath[int], visit: NamedDependency[Visit]) -> Redirect:
    """Sign one browser out."""
    await end_browser_session(visit.person, browser_id)
    return redirect(request, visit.url(SETTINGS), notice_of(visit, Words(N_("That browser is signed out."))))


@post("/settings/browsers/removal", status_code=303)
async def destroy_all(request: AnyRequest, visit: NamedDependency[Visit]) -> Redirect:
    """Sign out everywhere: of all browsers, this one too, and of the Mini App."""
    await end_sessions(visit.person)
    response = redirect(
        request,
        SIGN_IN,
        notice_of(visit, Words(N_("You’re signed out everywhere."))),
    )
    cookies.clear(request, response, cookies.SESSION)
    return response


async def _page(
    request: AnyRequest,
    visit: Visit,
    form: AccountForm,
    *,
    faults: Mapping[str, Words] | None = None,
    seen: str = "",
    is_conflict: bool = False,
    status: int = 200,
) -> Response[str]:
    stored = AccountForm(visit.account.name, visit.account.zone, visit.account.language)
    labels = {
        "name": visit.voice.gettext(N_("Name of the club")),
        "zone": visit.voice.gettext(N_("Time zone")),
        "language": visit.voice.gettext(N_("Language of its cards")),
    }
    return render_page(
        request,
        visit,
        "settings/index.html",
        status=status,
        form=form,
        version=seen or stored.version,
        conflict=differences(form, stored, labels) if is_conflict else [],
        faults=faults or {},
        zones=sorted(zone_names()),
        languages=languages(),
        groups=await groups(visit.account.id) if visit.has_permission(Permission.MANAGE_GROUPS) else [],
        browsers=await browser_sessions(visit.person, visit.token),
        group_link=f"https://t.me/{settings.telegram_bot_name}?startgroup=true",
        bot_name=settings.telegram_bot_name,
    )
