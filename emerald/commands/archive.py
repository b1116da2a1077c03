"""`emerald archive`."""

import click

from emerald import archive as archiving
from emerald.runtime import database, result_of


@click.command
def archive() -> int:
    """Move what is long over into the archive.

    The worker does so each night. Dates go after ARCHIVE_INSTANCES_DAYS with all that belongs to them, rows of the
    participation log after ARCHIVE_LOG_DAYS. People still find their past bookings, and exports have them. Where a club
    keeps its history for some years only, who took part in older dates is deleted.
    """
    with database():
        done = result_of(archiving.archive)
    print(f"Dates moved into the archive: {done.instances}.")
    if done.log_rows is None:
        print("The log was not moved: only the archiver of `emerald create-roles` may do that.")
    else:
        print(f"Log rows moved into the archive: {done.log_rows}.")
    if done.forgotten:
        print(f"Dates whose people were deleted, as their clubs chose: {done.forgotten}.")
    if done.skipped:
        print(f"Dates that could not be moved, as the log says: {done.skipped}.")
    return 0
