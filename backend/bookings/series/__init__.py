"""What organisers do with series and dates once people may have booked (`S4`–`S7`, `S9`, `W4`): one verb a module.

It stands here and not with the events, because who sits is touched: every seats row is locked before anything else.
"""

from backend.bookings.series.archive import archive_series, restore_series
from backend.bookings.series.cancel import REASON_MAX, cancel_date, restore_date
from backend.bookings.series.decide import decide, decide_minimum, warn_of_minimum
from backend.bookings.series.edit import SAME, DateChanges, Same, edit_date, edit_series, keep_date
from backend.bookings.series.move import Tally, move_date, new_time, tally
from backend.bookings.series.split import Edited, edit_following

__all__ = [
    "REASON_MAX",
    "SAME",
    "DateChanges",
    "Edited",
    "Same",
    "Tally",
    "archive_series",
    "cancel_date",
    "decide",
    "decide_minimum",
    "edit_date",
    "edit_following",
    "edit_series",
    "keep_date",
    "move_date",
    "new_time",
    "restore_date",
    "restore_series",
    "tally",
    "warn_of_minimum",
]
