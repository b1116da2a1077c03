"""Rows of buttons under the list of events: its other pages, and its clubs."""

from collections.abc import Sequence

from backend.accounts.queries import AccountView
from backend.i18n import N_, Voice
from bot.callbacks import EventListCallback
from bot.keyboards.buttons import MAX_LABEL_LENGTH, make_callback_button
from bot.rendering import Rows, shorten


def make_list_rows(
    page: int, account_id: int, has_more: bool, accounts: Sequence[AccountView], voice: Voice
) -> Rows:
    """To the page before and after, where there are such; and with several clubs one for each, and for all."""
    rows: Rows = []
    if page or has_more:
        rows.append([])
    if page:
        earlier = EventListCallback(page=page - 1, account_id=account_id)
        rows[-1].append(make_callback_button(voice.gettext(N_("← Earlier")), earlier))
    if has_more:
        later = EventListCallback(page=page + 1, account_id=account_id)
        rows[-1].append(make_callback_button(voice.gettext(N_("Later →")), later))
    if len(accounts) > 1:
        choices = [(0, voice.gettext(N_("All clubs"))), *((account.id, account.name) for account in accounts)]
        buttons = [
            make_callback_button(
                shorten(f"✓ {name}" if chosen == account_id else name, MAX_LABEL_LENGTH),
                EventListCallback(page=0, account_id=chosen),
            )
            for chosen, name in choices
        ]
        rows += [buttons[at : at + 2] for at in range(0, len(buttons), 2)]
    return rows
