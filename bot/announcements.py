"""Rendering announcements: as their readers see them, as a draft with its recipients, and their progress
(`C5`)."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardButton
from markupsafe import escape

from backend.accounts.queries import AccountView
from backend.announcements.queries import Announcement, Audience, Progress
from backend.announcements.rules import TEXT_MAX, AnnouncementState
from backend.i18n import N_, Voice
from backend.zones import QUIET_UNTIL
from bot.callbacks import AnnouncementAction, AnnouncementCallback
from bot.keyboards.buttons import MAX_BUTTONS, MAX_LABEL_LENGTH, make_callback_button
from bot.rendering import RenderedMessage, Rows, render, shorten

MORNING = f"{QUIET_UNTIL:%H:%M}"  # when what waits for the morning is sent, on its reader's clock
_MAX_NAMED_GROUPS = 10
_MAX_OTHER_ACCOUNTS = MAX_BUTTONS - 10  # the other buttons need room too


def render_announcement(shown: Announcement, voice: Voice, *, private: bool) -> RenderedMessage:
    """The organiser's own text; in a private chat below the club's name, if there is room for it."""
    message = _under_head(shown, voice, account_name=shown.account_name if private else "")
    return message if message.length <= TEXT_MAX else _under_head(shown, voice, account_name="")


def _under_head(shown: Announcement, voice: Voice, *, account_name: str) -> RenderedMessage:
    head = render(
        "messages/announcement.html", voice, None, account_name=account_name, maintenance=shown.maintenance
    ).text
    return RenderedMessage("\n\n".join(part for part in (head, str(escape(shown.text))) if part), [])


def render_question(
    draft: Announcement, reach: Audience, others: list[AccountView], groups: int, voice: Voice
) -> RenderedMessage:
    """The recipients a draft would have, with buttons to change them and [Send now]. `groups` is how many
    the club has."""

    def choice(label: str, action: AnnouncementAction, chosen: bool) -> str:
        return f"{'✓ ' if chosen else ''}{voice.gettext(label)}"

    rows: Rows = []
    chosen: list[tuple[str, AnnouncementAction, bool]] = [
        (N_("The members"), AnnouncementAction.TOGGLE_MEMBERS, draft.to_members),
    ]
    if groups:
        chosen.insert(0, (N_("The groups"), AnnouncementAction.TOGGLE_GROUPS, bool(reach.groups)))
    rows.append(
        [
            make_callback_button(choice(*each), AnnouncementCallback(action=each[1], id=draft.id))
            for each in chosen
        ]
    )
    for account in others[:_MAX_OTHER_ACCOUNTS]:
        label = voice.gettext(N_("In %(club)s instead"), club=shorten(account.name, MAX_LABEL_LENGTH))
        rows.append(
            [
                make_callback_button(
                    label,
                    AnnouncementCallback(
                        action=AnnouncementAction.CHANGE_ACCOUNT, id=draft.id, account_id=account.id
                    ),
                )
            ]
        )
    send = make_callback_button(
        voice.gettext(N_("Send now")),
        AnnouncementCallback(action=AnnouncementAction.SEND, id=draft.id),
        style="primary",
    )
    cancel = make_callback_button(
        voice.gettext(N_("Cancel")), AnnouncementCallback(action=AnnouncementAction.CANCEL, id=draft.id)
    )
    rows.append([send, cancel])
    if reach.asleep:
        rows.append([_make_night_button(draft, voice)])
    return render(
        "announcement_question.html",
        voice,
        rows,
        draft=draft,
        reach=reach,
        named=_shortened(reach.groups),
        more=max(0, len(reach.groups) - _MAX_NAMED_GROUPS),
        unreachable=_shortened((*reach.closed_groups, *reach.unreachable_names)),
        unreachable_count=len(reach.closed_groups) + reach.unreachable,
        hour=MORNING,
    )


def _shortened(names: Sequence[str]) -> list[str]:
    return [shorten(name, MAX_LABEL_LENGTH) for name in names[:_MAX_NAMED_GROUPS]]


def _make_night_button(shown: Announcement, voice: Voice) -> InlineKeyboardButton:
    data = AnnouncementCallback(action=AnnouncementAction.SEND_AT_NIGHT, id=shown.id)
    return make_callback_button(voice.gettext(N_("Send it to everyone now, at night too")), data)


def render_progress(progress: Progress, voice: Voice) -> RenderedMessage:
    """How far an announcement is, with a button to stop it while it goes."""
    stop = AnnouncementCallback(action=AnnouncementAction.STOP, id=progress.announcement.id)
    rows: Rows = []
    if not progress.is_over and progress.announcement.state is not AnnouncementState.STOPPED:
        rows.append([make_callback_button(voice.gettext(N_("Stop")), stop)])
        if progress.held:
            rows.append([_make_night_button(progress.announcement, voice)])
    return render(
        "announcement_progress.html",
        voice,
        rows,
        progress=progress,
        state=progress.announcement.state,
        hour=MORNING,
    )
