"""The buttons, and where they lead. `web_app` buttons work in private chats only; groups get direct links (`A4`)."""

from collections.abc import Sequence

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, WebAppInfo

from backend.accounts.queries import Club
from backend.bookings.queries import InstanceView
from backend.i18n import N_, Voice
from backend.polls.queries import PollView
from backend.settings import settings
from bot.callbacks import Decide, Do, FoundClub, LinkGroup, Pick, Seat, SignIn, Stay
from bot.sheets import Rows, shorten

BUTTON_MAX = 48  # characters of an option on its button; clients cut longer ones anyway


def app_link(start: str = "") -> str:
    """The direct link that opens the Mini App anywhere, on the event `e_<code>` or the poll `p_<code>`."""
    link = f"https://t.me/{settings.telegram_bot_name}/{settings.telegram_app_name}"
    return f"{link}?startapp={start}" if start else link


def event_link(code: str) -> str:
    """The direct link to a date."""
    return app_link(f"e_{code}")


def poll_link(code: str) -> str:
    """The direct link to a poll."""
    return app_link(f"p_{code}")


def opens_app(label: str, start: str, path: str, *, private: bool) -> InlineKeyboardButton:
    """The button that opens the Mini App on something; Telegram opens web apps over https only, the sandbox any."""
    if private and (settings.sandbox or settings.public_url.startswith("https://")):
        return InlineKeyboardButton(
            text=label, web_app=WebAppInfo(url=f"{settings.public_url}/app/{path}")
        )
    return InlineKeyboardButton(text=f"{label} ↗", url=app_link(start))


def open_event(view: InstanceView, voice: Voice, *, private: bool) -> InlineKeyboardButton:
    """Opens the Mini App on this date."""
    label = voice.say(N_("Open in Emerald"))
    return opens_app(label, f"e_{view.code}", f"events/{view.code}", private=private)


def see_date(view: InstanceView, voice: Voice, *, private: bool) -> InlineKeyboardButton:
    """Opens the Mini App on another date than the one the sheet is about."""
    label = voice.say(N_("See %(date)s"), date=voice.date(view.starts_at, view.zone))
    return opens_app(label, f"e_{view.code}", f"events/{view.code}", private=private)


def seat(label: str, do: Do, code: str) -> InlineKeyboardButton:
    """A button about one's own seat. Joining is the one that stands out; nothing here is red."""
    style = "primary" if do is Do.JOIN else None
    return InlineKeyboardButton(
        text=label, callback_data=Seat(do=do, code=code).pack(), style=style
    )


def move_row(view: InstanceView, voice: Voice) -> list[InlineKeyboardButton]:
    """The answers to whether one still comes, now that the date has moved (`S6`)."""
    still = Stay(code=view.code).pack()
    return [
        InlineKeyboardButton(text=voice.say(N_("Still coming")), callback_data=still),
        seat(voice.say(N_("Not this time")), Do.LEAVE, view.code),
    ]


def decide_row(view: InstanceView, voice: Voice) -> list[InlineKeyboardButton]:
    """What an organiser may say of a date to which too few come (`S7`)."""
    run, off = (Decide(code=view.code, run=run).pack() for run in (True, False))
    return [
        InlineKeyboardButton(text=voice.say(N_("Run it")), callback_data=run),
        InlineKeyboardButton(text=voice.say(N_("Call it off")), callback_data=off),
    ]


def event_rows(
    view: InstanceView, following: InstanceView | None, voice: Voice, *, private: bool
) -> Rows:
    """Only the buttons that make sense (`C3`), the last row opens the app."""
    phase = view.phase
    if phase in ("ended", "cancelled"):
        on = following or view
        opens = see_date if following else open_event
        return [[opens(on, voice, private=private)]]
    row = []
    if phase == "open":
        wait = view.full or (view.waiting and not view.fill_gaps)
        label = N_("Wait for a seat") if wait else N_("Join")
        row.append(seat(voice.say(label), Do.JOIN, view.code))
        if view.guests_max:
            row.append(seat("+1", Do.MORE, view.code))
    # Who waits may always leave the line; a seat only until its deadline (B6).
    if view.waiting or (view.booked and view.may_leave):
        row.append(seat(voice.say(N_("Leave")), Do.LEAVE, view.code))
    rows = [row] if row else []
    return [*rows, [open_event(view, voice, private=private)]]


def poll_rows(view: PollView, voice: Voice, *, private: bool) -> Rows:
    """A button for each option while the poll is open, with its count when that is shown."""
    rows: Rows = []
    for option in view.options if view.open else ():
        mark = "✓ " if option.mine else ""
        count = f" · {option.votes}" if view.visible else ""
        rows.append(
            [
                InlineKeyboardButton(
                    text=f"{mark}{shorten(option.text, BUTTON_MAX)}{count}",
                    callback_data=Pick(code=view.code, option=option.id).pack(),
                )
            ]
        )
    label = voice.say(N_("Open in Emerald"))
    opens = opens_app(label, f"p_{view.code}", f"polls/{view.code}", private=private)
    return [*rows, [opens]]


def sign_in_rows(key: str, voice: Voice) -> Rows:
    """Yes or no; neither is the default, and nothing happens by itself."""
    yes = InlineKeyboardButton(
        text=voice.say(N_("Yes, sign me in")), callback_data=SignIn(yes=True, key=key).pack()
    )
    no = InlineKeyboardButton(
        text=voice.say(N_("It wasn’t me")), callback_data=SignIn(yes=False, key=key).pack()
    )
    return [[yes], [no]]


def open_home(voice: Voice, *, private: bool = True) -> InlineKeyboardButton:
    """Opens the Mini App where it begins."""
    return opens_app(voice.say(N_("Open Emerald")), "", "", private=private)


def add_to_group(voice: Voice) -> InlineKeyboardButton:
    """Lets the presser choose a group to bring the bot to."""
    link = f"https://t.me/{settings.telegram_bot_name}?startgroup=add"
    return InlineKeyboardButton(text=voice.say(N_("Add me to a group")), url=link)


def ask_in_private(label: str, start: str) -> InlineKeyboardButton:
    """Leads from a group to the private chat, where what is personal is answered."""
    return InlineKeyboardButton(
        text=label, url=f"https://t.me/{settings.telegram_bot_name}?start={start}"
    )


def numbers(data: Sequence[CallbackData]) -> Rows:
    """Buttons 1, 2, 3…, five in a row, for the things of a numbered list."""
    buttons = [
        InlineKeyboardButton(text=str(n), callback_data=each.pack())
        for n, each in enumerate(data, 1)
    ]
    return [buttons[at : at + 5] for at in range(0, len(buttons), 5)]


def link_rows(clubs: Sequence[Club], voice: Voice) -> Rows:
    """Which club a group is to belong to; or, for who organises none, a new one."""
    if not clubs:
        label = voice.say(N_("Make a club of this group"))
        return [[InlineKeyboardButton(text=label, callback_data=FoundClub().pack())]]
    return [
        [
            InlineKeyboardButton(
                text=voice.say(N_("Link to %(club)s"), club=shorten(club.name, BUTTON_MAX)),
                callback_data=LinkGroup(account_id=club.id).pack(),
            )
        ]
        for club in clubs
    ]
