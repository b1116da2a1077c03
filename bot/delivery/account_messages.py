"""The text of messages about a club itself."""

from datetime import datetime

from backend.outbox.deliveries import Delivery
from bot.rendering import RenderedMessage, render


async def compose_about_account(delivery: Delivery) -> RenderedMessage:
    """A message about a club, which says itself all that it needs."""
    return render_about_account(delivery)


def render_about_account(delivery: Delivery) -> RenderedMessage:
    """An owner of the organiser's club has it closed, or keeps it after all (`A12`), or hands it over (`A2`)."""
    detail = delivery.detail
    when = ""
    if "closing_at" in detail:
        closing_at = datetime.fromisoformat(str(detail["closing_at"]))
        when = delivery.voice.date(closing_at, str(detail["zone"]))
    return render(
        f"messages/{delivery.kind}.html",
        delivery.voice,
        account_name=detail["account_name"],
        when=when,
        detail=detail,
    )
