"""What organisers type about rules is worked out beside the event loop (`X8`)."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from webapp import series_preview

FIELDS = {
    "title": "x",
    "zone": "Europe/Helsinki",
    "starts_on": "2027-01-03",
    "starts_time": "18:00",
    "repeats": "own",
    "rule": "FREQ=DAILY;BYHOUR=9,18",
}


@pytest.mark.parametrize("on_the_loop", [False, True])
async def test_a_rule_is_worked_out_beside_the_loop(
    dashboard: Any, on_the_loop: bool, monkeypatch: pytest.MonkeyPatch, switch_off: Callable[[str], None]
) -> None:
    """In the preview of a series, again when it is saved with a fault, and in the control."""
    threads = []
    shown = series_preview.preview

    def preview(*args: Any, **options: Any) -> Any:
        threads.append(threading.current_thread())
        return shown(*args, **options)

    monkeypatch.setattr(series_preview, "preview", preview)
    if on_the_loop:
        switch_off("computing.on-the-loop")
    assert "18:00" in (await dashboard.post("/dashboard/series/preview", **FIELDS)).text
    assert (await dashboard.post("/dashboard/series", **{**FIELDS, "title": ""})).status_code == 422
    assert [one is threading.main_thread() for one in threads] == [on_the_loop] * 2
