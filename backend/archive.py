"""Where what is long over is kept: `…_archive` twins of some tables, with the same columns.

An instance moves with all that belongs to it (`emerald archive`), so a query of instances and what belongs to them
reads the archive when it names the twins instead: `of_archive`. The view `all_event_instances` has the few columns of
both that name an instance.
"""

import re
from datetime import timedelta

# In the order in which they move: what belongs to an instance first.
OF_INSTANCES = ("instance_seats", "bookings", "absences", "cards", "messages")
LOG = "event_participation_log"
ARCHIVED = (*OF_INSTANCES, "event_instances", LOG)
AGE_MIN = timedelta(days=366)  # of what is over for a shorter time, nothing is in the archive
NAMES = re.compile(rf"\b({'|'.join(ARCHIVED)})\b(?!\.)")

# What says who took part; it is deleted where a club keeps its history only so long (A13). The date and its seats stay.
OF_PEOPLE = ("bookings", "absences", "messages", LOG)

# What names people goes when a row moves: their own names stay where they can be erased (A7).
CLEARED = {"bookings": {"guest_names": "'{}'", "note": "''"}, "messages": {"detail": "'{}'"}}


def twin(table: str) -> str:
    """The name of a table's twin."""
    return f"{table}_archive"


def of_archive(sql: str) -> str:
    """The same query of the twins."""
    return NAMES.sub(r"\1_archive", sql)
