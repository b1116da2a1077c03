"""Who came to a date, and who did not (`B6`, `B12`)."""

import click

from backend.accounts.rules import Permission
from backend.bookings import absences as absence_list
from backend.bookings import attendance
from backend.bookings.absences import Absence
from backend.bookings.attendance import CheckedIn
from backend.people.queries import Person
from emerald.commands.actor import Actor, find_managed_account
from emerald.commands.options import account_option, actor_options, member_option, require_one


@click.command
@click.argument("code")
@member_option
@click.option("--scan", metavar="TEXT", help="The code they show.")
@click.option("--came", type=int, help="How many of their party; everyone if left out.")
@click.option("--undo", is_flag=True, help="Undo the check-in.")
@actor_options
def check_in(
    actor: Actor, code: str, member: int | None, scan: str | None, came: int | None, undo: bool
) -> None:
    """Check a member in at the date CODE, by number or by the code they show."""
    require_one(member=member, scan=scan)

    async def check(person: Person) -> CheckedIn | None:
        if scan is not None:
            return await attendance.check_in_by_code(code, person, scan)
        assert member is not None
        if undo:
            await attendance.undo_check_in(code, person, member)
            return None
        return await attendance.check_in(code, person, member, came=came)

    done = actor.run(check)
    if done is None:
        actor.print({"undone": member}, "Taken back.")
    else:
        actor.print(done, f"{done.name}: {done.came} of {done.seats} here")


@click.command
@click.argument("code")
@click.option("--reopen", is_flag=True, help="Open it again.")
@actor_options
def close_list(actor: Actor, code: str, reopen: bool) -> None:
    """Close the attendance list of the date CODE: everyone else is a no-show."""

    async def close_or_reopen(person: Person) -> int:
        if reopen:
            await attendance.reopen_list(code, person)
            return 0
        return await attendance.close_list(code, person)

    missing = actor.run(close_or_reopen)
    actor.print(missing, "Open again." if reopen else f"No-shows: {missing}")


@click.command
@account_option
@click.option("--pardon", type=int, metavar="N", help="Pardon this one.")
@actor_options
def absences(actor: Actor, account: str, pardon: int | None) -> None:
    """List no-shows and late cancellations whose seat nobody took."""

    async def find(person: Person) -> list[Absence]:
        account_id = (await find_managed_account(person, account, Permission.SEE_PEOPLE)).id
        if pardon is not None:
            await absence_list.pardon(person, account_id, pardon)
        return await absence_list.absences(account_id)

    found = actor.run(find)
    lines = [
        f"{one.id}\t{one.name}\t{one.kind}\t{one.title}, {one.starts_at:%Y-%m-%d}\t{one.seats}"
        f"{' (pardoned)' if one.pardoned else ''}"
        for one in found
    ]
    actor.print(found, "\n".join(lines) or "None.")
