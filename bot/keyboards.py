"""The buttons, and where they lead. `web_app` buttons work in private chats only; groups get direct links (`A4`)."""

from collections.abc import Sequence

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, WebAppInfo

from backend import clock
from backend.accounts.queries import Club
from backend.bookings.queries import InstanceView
from backend.bookings.standing_seats import StandingSeat
from backend.i18n import N_, Voice
from backend.polls.queries import OptionView, PollView
from backend.polls.rules import Answer
from backend.seats.promotion import Stage
from backend.settings import settings
from bot.callbacks import (
    Decide,
    Do,
    EndRegular,
    FoundClub,
    LinkGroup,
    MakeDate,
    Pick,
    PostAgain,
    Run,
    RunPoll,
    Seat,
    SignIn,
    Stay,
)
from bot.rendering import Rows, shorten

BUTTON_MAX = 48  # characters of an option on its button; clients cut longer ones anyway
FEW = 8  # options that have buttons with their names; more have numbers (docs/decisions/0010)
MARKS = {Answer.YES: "✓", Answer.IF_NEED_BE: "?", Answer.NO: "–"}
SEATS = (
    4,
    6,
    8,
    10,
    12,
    15,
    16,
    20,
    25,
    30,
)  # of a date made by a tap; the dashboard takes any number


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


def button(label: str, data: CallbackData, *, style: str | None = None) -> InlineKeyboardButton:
    """A button that is answered by the bot itself."""
    return InlineKeyboardButton(text=label, callback_data=data.pack(), style=style)


def opens_app(label: str, start: str, path: str, *, private: bool) -> InlineKeyboardButton:
    """The button that opens the Mini App on something; Telegram opens web apps over https only, the sandbox any."""
    if private and (settings.sandbox or settings.public_url.startswith("https://")):
        return InlineKeyboardButton(text=label, web_app=WebAppInfo(url=f"{settings.public_url}/app/{path}"))
    return InlineKeyboardButton(text=f"{label} ↗", url=app_link(start))


def open_event(view: InstanceView, voice: Voice, *, private: bool) -> InlineKeyboardButton:
    """Opens the Mini App on this date."""
    label = voice.say(N_("Open in Emerald"))
    return opens_app(label, f"e_{view.code}", f"events/{view.code}", private=private)


def see_date(view: InstanceView, voice: Voice, *, private: bool) -> InlineKeyboardButton:
    """Opens the Mini App on another date than the one the sheet is about."""
    label = voice.say(N_("See %(date)s"), date=voice.date(view.starts_at, view.zone))
    return opens_app(label, f"e_{view.code}", f"events/{view.code}", private=private)


STANDING_OUT = frozenset({Do.JOIN, Do.TAKE, Do.TAKE_FREE})


def seat(label: str, do: Do, code: str) -> InlineKeyboardButton:
    """A button about one's own seat. What gives one stands out; nothing here is red."""
    style = "primary" if do in STANDING_OUT else None
    return InlineKeyboardButton(text=label, callback_data=Seat(do=do, code=code).pack(), style=style)


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
    view: InstanceView,
    following: InstanceView | None,
    voice: Voice,
    *,
    private: bool,
    regular: bool = False,
) -> Rows:
    """Only the buttons that make sense (`C3`), the last row opens the app. In private they are the reader's own;
    a `regular` has a standing seat on the series."""
    phase = view.phase
    if phase in ("ended", "cancelled"):
        on = following or view
        opens = see_date if following else open_event
        return [[opens(on, voice, private=private)]]
    rows = own_rows(view, voice, regular=regular) if private else _card_rows(view, voice)
    return [*rows, [open_event(view, voice, private=private)]]


def _card_rows(view: InstanceView, voice: Voice) -> Rows:
    """What anybody in the group may tap; who looks for a replacement does that in private (`B6`)."""
    if view.phase == "open" and view.up_for_grabs:
        row = [take(1 if view.free == 1 or view.full else 2, view, voice)]
        if view.may_leave:
            row.append(leave(view, voice))
        return [row]
    row = _joining(view, voice)
    # Who waits may always leave the line; a seat only until its deadline (B6).
    if view.waiting or (view.booked and view.may_leave):
        row.append(leave(view, voice))
    return [row] if row else []


def own_rows(view: InstanceView, voice: Voice, *, regular: bool = False) -> Rows:
    """What the reader may do about this date, as they stand: no more, no less."""
    mine = view.mine
    cannot = N_("Not this week") if regular else N_("I can’t come")
    if mine is None or mine.answer != "in":
        return _rows_to_answer(view, voice, mine.answer if mine else "", cannot)
    rows: Rows = []
    if mine.asked_to_stay:
        rows.append(move_row(view, voice))
    if mine.held:
        rows.append(offer_row(view, voice))
    elif mine.waiting and (taking := taking_button(view, voice)):
        rows.append([taking])
    if mine.replacing:
        rows.append([keep(view, voice), *([leave(view, voice)] if view.may_leave else [])])
        return rows
    if mine.asked_to_stay:  # "not this time" is leaving, and free until they have answered
        return rows
    if mine.seats and mine.waiting:
        rows.append([seat(voice.say(N_("Stop waiting for more")), Do.STOP, view.code)])
    row = []
    if view.phase == "open" and mine.guests < view.guests_max:
        row.append(seat("+1", Do.MORE, view.code))
    if not mine.seats:
        row.append(leave(view, voice))
    elif view.may_leave:
        not_this_week = seat(voice.say(cannot), Do.CANT, view.code)
        row.append(not_this_week if regular else leave(view, voice))
    elif clock.now() < view.starts_at:
        row.append(seat(voice.say(N_("Find my replacement")), Do.REPLACE, view.code))
    return [*rows, row] if row else rows


def _rows_to_answer(view: InstanceView, voice: Voice, given: str, cannot: str) -> Rows:
    """Joining and the other answers, without the one that was given; nothing while booking is not open."""
    joining = _joining(view, voice)
    if not joining:
        return []
    answers = [(Do.MAYBE, N_("Maybe"), "maybe"), (Do.CANT, cannot, "declined")]
    return [joining, [seat(voice.say(label), do, view.code) for do, label, so in answers if so != given]]


def _joining(view: InstanceView, voice: Voice) -> list[InlineKeyboardButton]:
    """Joining, or the line, while booking is open."""
    if view.phase != "open":
        return []
    if view.up_for_grabs:
        return [take(1 if view.free == 1 or view.full else 2, view, voice)]
    wait = view.full or (view.waiting and not view.fill_gaps)
    label = N_("Wait for a seat") if wait else N_("Join")
    row = [seat(voice.say(label), Do.JOIN, view.code)]
    if view.guests_max:
        row.append(seat("+1", Do.MORE, view.code))
    return row


def leave(view: InstanceView, voice: Voice) -> InlineKeyboardButton:
    """Gives the seat, or the place in line, back."""
    return seat(voice.say(N_("Leave")), Do.LEAVE, view.code)


def take(seats: int, view: InstanceView, voice: Voice) -> InlineKeyboardButton:
    """Takes what is offered, or what the first tap has (`W3`)."""
    label = N_("Take the seat") if seats == 1 else N_("Take the seats")
    return seat(voice.say(label), Do.TAKE, view.code)


def offer_row(view: InstanceView, voice: Voice) -> list[InlineKeyboardButton]:
    """Yes or no to an offer of the reader's (`W3`)."""
    pass_on = seat(voice.say(N_("Pass on")), Do.HAND_ON, view.code)
    return [take(view.mine.held if view.mine else 1, view, voice), pass_on]


def taking_button(view: InstanceView, voice: Voice) -> InlineKeyboardButton | None:
    """What who waits may take by a tap: their whole party's seats, else what is free now (`W1`, `W3`)."""
    wanted = view.mine.waiting if view.mine else 0
    seats = view.mine_to_take
    if not wanted or not seats:
        return None
    if seats >= wanted and view.stage is not Stage.AUTOMATIC:
        return take(wanted, view, voice)
    return seat(voice.say(N_("Take %(n)s now"), n=min(seats, wanted)), Do.TAKE_FREE, view.code)


def keep(view: InstanceView, voice: Voice) -> InlineKeyboardButton:
    """Looks for a replacement no longer (`B6`)."""
    return seat(voice.say(N_("Keep my seat")), Do.KEEP, view.code)


def regular_rows(standing: StandingSeat, voice: Voice) -> Rows:
    """What may be done about a standing seat (`B11`)."""
    ends = EndRegular(series_id=standing.series_id).pack()
    rows: Rows = [
        [InlineKeyboardButton(text=voice.say(N_("Give it back")), callback_data=ends)],
    ]
    if standing.next_code:
        rows.insert(0, [seat(voice.say(N_("Not this week")), Do.CANT, standing.next_code)])
    return rows


def poll_rows(view: PollView, voice: Voice, *, private: bool) -> Rows:
    """A button for each option while the poll is open: named, with its count when that is shown; when they are many,
    by the number it has in the list. Then what an organiser can do, the date that was made, and the app."""
    rows: Rows = []
    if view.open:
        rows = _numbered(view) if many(view) else _named(view, voice)
    if private:
        rows += _organisers_rows(view, voice)
    if view.made is not None and view.made.starts_at is not None:
        label = voice.say(N_("See %(date)s"), date=voice.date(view.made.starts_at, view.zone))
        code = view.made.made
        rows.append([opens_app(label, f"e_{code}", f"events/{code}", private=private)])
    return [*rows, [open_poll(view, voice, private=private)]]


def open_poll(view: PollView, voice: Voice, *, private: bool) -> InlineKeyboardButton:
    """Opens the Mini App on this poll."""
    label = voice.say(N_("Open in Emerald"))
    return opens_app(label, f"p_{view.code}", f"polls/{view.code}", private=private)


def many(view: PollView) -> bool:
    """Whether a poll has more options than buttons with their names would be bearable."""
    return len(view.options) > FEW


def _named(view: PollView, voice: Voice) -> Rows:
    count = {option.id: f" · {option.votes}" if view.visible else "" for option in view.options}
    return [
        [
            _pick(
                view,
                option,
                f"{_mark(option)}{shorten(option.name(voice, view.zone), BUTTON_MAX)}{count[option.id]}",
            )
        ]
        for option in view.options
    ]


def _numbered(view: PollView) -> Rows:
    buttons = [
        _pick(view, option, f"{_mark(option)}{number}") for number, option in enumerate(view.options, 1)
    ]
    return _in_rows(buttons)


def _pick(view: PollView, option: OptionView, label: str) -> InlineKeyboardButton:
    data = Pick(code=view.code, option=option.id).pack()
    return InlineKeyboardButton(text=label, callback_data=data)


def _mark(option: OptionView) -> str:
    """The reader's own answer, as /vote writes it too."""
    return "" if option.answer is None else f"{MARKS[option.answer]} "


def _organisers_rows(view: PollView, voice: Voice) -> Rows:
    """Closing, making the date, and reminding who is missing; for who may."""
    does = []
    if view.open and view.managed:
        does.append((N_("Close the poll"), Run.CLOSE))
    if view.to_make:
        does.append((N_("Close and make the date") if view.open else N_("Make the date"), Run.MAKE))
    if view.open and view.managed:
        does.append((N_("Remind who is missing"), Run.REMIND))
    return [[run_poll(voice.say(label), do, view.code)] for label, do in does]


def run_poll(label: str, do: Run, code: str) -> InlineKeyboardButton:
    """A button of an organiser's about a poll."""
    return InlineKeyboardButton(text=label, callback_data=RunPoll(do=do, code=code).pack())


def closing_rows(code: str, voice: Voice) -> Rows:
    """Close it for good, or not."""
    yes = run_poll(voice.say(N_("Yes, close it")), Run.CLOSE_NOW, code)
    return [[yes], [run_poll(voice.say(N_("Back")), Run.BACK, code)]]


def making_rows(code: str, option: int, voice: Voice) -> Rows:
    """With how many seats the date is made; each makes it."""

    def make(label: str, seats: int) -> InlineKeyboardButton:
        data = MakeDate(code=code, option=option, seats=seats).pack()
        return InlineKeyboardButton(text=label, callback_data=data)

    return [
        *_in_rows([make(str(seats), seats) for seats in SEATS]),
        [make(voice.say(N_("Room for all")), 0)],
        [run_poll(voice.say(N_("Back")), Run.BACK, code)],
    ]


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
    return InlineKeyboardButton(text=label, url=f"https://t.me/{settings.telegram_bot_name}?start={start}")


def numbers(data: Sequence[CallbackData]) -> Rows:
    """Buttons 1, 2, 3…, five in a row, for the things of a numbered list."""
    buttons = [InlineKeyboardButton(text=str(n), callback_data=each.pack()) for n, each in enumerate(data, 1)]
    return _in_rows(buttons)


def _in_rows(buttons: list[InlineKeyboardButton]) -> Rows:
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


def post_again_rows(card_id: int, voice: Voice) -> Rows:
    """Posts a lost card again (`C6`)."""
    data = PostAgain(card_id=card_id).pack()
    return [[InlineKeyboardButton(text=voice.say(N_("Post it again")), callback_data=data)]]
