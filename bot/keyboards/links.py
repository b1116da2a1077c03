"""Links and buttons that lead to the Mini App, to the private chat with the bot, and to a choice of groups.

`web_app` buttons work in private chats only; groups get direct links (`A4`).
"""

from urllib.parse import urlsplit

from aiogram.types import InlineKeyboardButton, WebAppInfo

from backend.i18n import N_, Voice
from backend.people.queries import Person
from backend.people.sign_in_passes import make_pass
from backend.settings import settings
from bot.rendering import Rows


def make_app_link(start: str = "") -> str:
    """The direct link that opens the Mini App, on the event `e_<code>` or the poll `p_<code>`."""
    link = f"https://t.me/{settings.telegram_bot_name}/{settings.telegram_app_name}"
    return f"{link}?startapp={start}" if start else link


def make_event_link(code: str) -> str:
    """The direct link to an instance."""
    return make_app_link(f"e_{code}")


def make_poll_link(code: str) -> str:
    """The direct link to a poll."""
    return make_app_link(f"p_{code}")


def make_app_button(label: str, start: str, path: str, *, private: bool) -> InlineKeyboardButton:
    """A button that opens the Mini App at `path`, or by the direct link of `start`.

    Telegram opens web apps over HTTPS only, the sandbox any.
    """
    if private and (settings.sandbox or settings.public_url.startswith("https://")):
        return InlineKeyboardButton(text=label, web_app=WebAppInfo(url=f"{settings.public_url}/app/{path}"))
    return InlineKeyboardButton(text=f"{label} ↗", url=make_app_link(start))


def make_home_button(voice: Voice, *, private: bool = True) -> InlineKeyboardButton:
    """Opens the Mini App on its first page."""
    return make_app_button(voice.gettext(N_("Open Emerald")), "", "", private=private)


def make_add_to_group_button(voice: Voice) -> InlineKeyboardButton:
    """Lets the person choose a group to add the bot to."""
    link = f"https://t.me/{settings.telegram_bot_name}?startgroup=add"
    return InlineKeyboardButton(text=voice.gettext(N_("Add me to a group")), url=link)


def make_dashboard_link(person: Person | None = None) -> str:
    """The address of the organisers' dashboard; in a private chat, by the person's own way to sign in (`X7`)."""
    address = f"{settings.public_url}/dashboard"
    return address if person is None else f"{address}/sign-in?pass={make_pass(person)}"


def make_organiser_rows(person: Person, voice: Voice, account_id: int | None = None) -> Rows:
    """In the private chat: a new event (of this club, else of the first one), the dashboard, another group, the
    app.

    Telegram refuses a button to a host without a full stop, as a machine of one's own may have.
    """
    path = "series/new" if account_id is None else f"series/new?club={account_id}"
    rows = [[make_app_button(voice.gettext(N_("New event")), "", path, private=True)]]
    if "." in (urlsplit(settings.public_url).hostname or ""):
        label = voice.gettext(N_("Dashboard"))
        rows[0].append(InlineKeyboardButton(text=f"{label} ↗", url=make_dashboard_link(person)))
    return [*rows, [make_add_to_group_button(voice)], [make_home_button(voice)]]


def make_start_link(payload: str) -> str:
    """The link that opens the private chat and sends /start with this payload."""
    return f"https://t.me/{settings.telegram_bot_name}?start={payload}"


def make_private_chat_button(label: str, start: str) -> InlineKeyboardButton:
    """Leads from a group to the private chat, where the bot gives personal answers."""
    return InlineKeyboardButton(text=label, url=make_start_link(start))
