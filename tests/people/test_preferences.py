"""Which messages people want, and their reminders (`M5`)."""

from typing import Any

import pytest

from backend.errors import Invalid
from backend.people.preferences import Mutable, choose_reminders, mute, preferences


async def test_preferences_start_with_the_defaults(alice: Any) -> None:
    chosen = await preferences(alice)
    assert (chosen.language, chosen.zone, chosen.leads, chosen.muted) == (
        "en",
        None,
        None,
        frozenset(),
    )


async def test_lead_times_are_chosen_and_reset(alice: Any, bob: Any) -> None:
    await choose_reminders(alice, [60, 1440, 60])
    assert (await preferences(alice)).leads == (1440, 60)
    assert (await preferences(bob)).leads is None
    await choose_reminders(alice, [])
    assert (await preferences(alice)).leads == ()
    await choose_reminders(alice, None)
    assert (await preferences(alice)).leads is None


@pytest.mark.parametrize("leads", [[4], [14 * 24 * 60 + 1], [10, 20, 30, 40, 50, 60], [-5]])
async def test_wrong_lead_times_are_refused(alice: Any, leads: list[int]) -> None:
    with pytest.raises(Invalid) as refusal:
        await choose_reminders(alice, leads)
    assert refusal.value.field == "leads"


async def test_kinds_are_muted_and_unmuted(alice: Any) -> None:
    """Doing it again changes nothing."""
    for kind in (*Mutable, Mutable.REMINDERS):
        await mute(alice, kind, on=True)
    assert (await preferences(alice)).muted == frozenset(Mutable)
    await mute(alice, "polls", on=False)
    await mute(alice, "polls", on=False)
    assert (await preferences(alice)).muted == frozenset(Mutable) - {"polls"}


@pytest.mark.parametrize("kind", ["cancelled", "", "offers"])
async def test_messages_about_ones_seat_cannot_be_muted(alice: Any, kind: str) -> None:
    with pytest.raises(Invalid):
        await mute(alice, kind, on=True)
