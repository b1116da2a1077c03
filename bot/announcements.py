"""Rendering announcements: as their readers see them, as a draft with its recipients, and their progress
(`C5`)."""

from markupsafe import escape

from backend.accounts.queries import Club
from backend.announcements.queries import Announcement, Audience, Progress
from backend.announcements.rules import TEXT_MAX, AnnouncementState
from backend.i18n import N_, Voice
from bot.callbacks import AnnouncementAction, AnnouncementCallback
from bot.keyboards.buttons import MAX_BUTTONS, MAX_LABEL_LENGTH, make_callback_button
from bot.rendering import RenderedMessage, Rows, render, shorten

_MAX_NAMED_GROUPS = 10
_MAX_OTHER_CLUBS = MAX_BUTTONS - 10  # the other buttons need room too


def render_announcement(shown: Announcement, voice: Voice, *, private: bool) -> RenderedMessage:
    """The organiser's own text; in a private chat below the club's name, if there is room for it."""
    message = _under_head(shown, voice, club=shown.club if private else "")
    return message if message.length <= TEXT_MAX else _under_head(shown, voice, club="")


def _under_head(shown: Announcement, voice: Voice, *, club: str) -> RenderedMessage:
    head = render("messages/announcement.html", voice, None, club=club, maintenance=shown.maintenance).text
    return RenderedMessage("\n\n".join(part for part in (head, str(escape(shown.text))) if part), [])


def render_question(
    draft: Announcement, reach: Audience, others: list[Club], groups: int, voice: Voice
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
    for club in others[:_MAX_OTHER_CLUBS]:
        label = voice.gettext(N_("In %(club)s instead"), club=shorten(club.name, MAX_LABEL_LENGTH))
        rows.append(
            [
                make_callback_button(
                    label,
                    AnnouncementCallback(
                        action=AnnouncementAction.CHANGE_CLUB, id=draft.id, account_id=club.id
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
    named = reach.groups[:_MAX_NAMED_GROUPS]
    more = len(reach.groups) - len(named)
    return render("announcement_question.html", voice, rows, draft=draft, reach=reach, named=named, more=more)


def render_progress(progress: Progress, voice: Voice) -> RenderedMessage:
    """How far an announcement is, with a button to stop it while it goes."""
    stop = AnnouncementCallback(action=AnnouncementAction.STOP, id=progress.announcement.id)
    rows = (
        []
        if progress.is_over or progress.announcement.state is AnnouncementState.STOPPED
        else [[make_callback_button(voice.gettext(N_("Stop")), stop)]]
    )
    return render(
        "announcement_progress.html",
        voice,
        rows,
        progress=progress,
        state=progress.announcement.state,
    )
