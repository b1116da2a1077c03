"""How fast the queue drains (`M2`): two workers, the sandbox with Telegram's limits on, messages for groups and people.

`.venv/bin/python -m bench.pace [--short]`: 10,000 messages for 200 groups and 5,000 private chats take seven minutes;
`--short` is 1,000 for 50 and 500. What counts is what the sandbox counted.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from contextlib import ExitStack

from backend import embedded
from bench.__main__ import ROOT, TOKEN, environment, free_port, running
from bench.crowded import FIRST_CHAT, FIRST_PERSON
from sandbox.client import Sandbox

# Groups, people. In the short form each group has so few that its own minute is no limit.
LONG, SHORT = (200, 5_000), (50, 500)
PATIENCE = 900.0  # seconds


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(prog="bench.pace", description=__doc__)
    options.add_argument("--short", action="store_true", help="1,000 messages")
    options.add_argument("--fill", nargs=2, type=int, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.fill:
        asyncio.run(fill(*given.fill))
        return
    groups, people = SHORT if given.short else LONG
    with embedded.throwaway(durable=True) as url:
        print(report(drain(url, groups, people)))


def drain(url: str, groups: int, people: int) -> dict[str, float]:
    """Fill the queue, start two workers, and wait until the last message is sent; what the sandbox saw."""
    port = free_port()
    telegram = f"http://127.0.0.1:{port}"
    env = environment(url, 1) | {"TELEGRAM_API_URL": telegram, "TELEGRAM_WEBHOOK": "false"}
    stand_in = {name: value for name, value in env.items() if name != "ENV"}
    crowded = ["bench.crowded", str(port), TOKEN, str(groups), str(people)]
    with ExitStack() as stack:
        stack.enter_context(running(crowded, stand_in))
        answering(telegram)
        command = [sys.executable, "-m", "bench.pace", "--fill", str(groups), str(people)]
        subprocess.run(command, env=env, cwd=ROOT, check=True)
        for _ in range(2):
            stack.enter_context(running(["emerald", "work"], env))
        return watch(Sandbox(telegram), 2 * people)


def answering(url: str) -> None:
    """Wait until the sandbox answers."""
    for _ in range(300):
        try:
            Sandbox(url).counters()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the sandbox did not start")


def watch(sandbox: Sandbox, messages: int) -> dict[str, float]:
    """Wait for so many messages, and reckon from the moments at which the sandbox took each."""
    end = time.monotonic() + PATIENCE
    while (seen := sandbox.counters())["calls"].get("sendMessage", 0) < messages:
        if time.monotonic() > end:
            raise RuntimeError(f"only {seen['calls']} after {PATIENCE:.0f} s")
        time.sleep(2)
    calls, after = [], 0
    while batch := sandbox.calls("sendMessage", after=after):
        calls += batch
        after = batch[-1]["number"]
    at = sorted(float(call["at"]) for call in calls)
    return {
        "messages": len(at),
        "seconds": at[-1] - at[0],
        "rate": (len(at) - 1) / (at[-1] - at[0]),
        "most": most_in_a_second(at),
        "refused": seen["flood_refused"],
    }


def most_in_a_second(at: list[float]) -> int:
    """The fullest second, wherever it begins."""
    most, first = 0, 0
    for last, moment in enumerate(at):
        while at[first] <= moment - 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def report(found: dict[str, float]) -> str:
    return (
        "| messages | seconds | a second | most in any second | refused |\n|---|---|---|---|---|\n"
        f"| {found['messages']:,.0f} | {found['seconds']:.1f} | {found['rate']:.2f} | {found['most']:.0f} |"
        f" {found['refused']:.0f} |"
    )


async def fill(groups: int, people: int) -> None:
    """Twenty clubs with a message for each person, and as many again for the groups."""
    from backend import clock, db
    from backend.outbox.enqueue import insert_messages
    from backend.outbox.kinds import Kind
    from emerald.migrate import migrate

    await migrate()
    await db.open_pool(name="bench-fill")
    at = clock.now()
    async with db.transaction():
        await db.execute(
            "INSERT INTO accounts (name, zone, created_at) SELECT 'Club ' || g, 'UTC', $1 FROM generate_series(1, 20) g",
            at,
        )
        await db.execute(
            "INSERT INTO groups (account_id, chat_id, title, health, linked_at)"
            " SELECT 1 + n % 20, $1::bigint - n, 'Group', 'well', $3 FROM generate_series(1, $2::int) n",
            FIRST_CHAT,
            groups,
            at,
        )
        await db.execute(
            "INSERT INTO telegram_users (telegram_id, first_name, created_at, seen_at, may_write_at)"
            " SELECT $1::bigint + n, 'Member', $3, $3, $3 FROM generate_series(1, $2::int) n",
            FIRST_PERSON,
            people,
            at,
        )
        await db.execute(
            "INSERT INTO memberships (account_id, user_id, role, joined_through, joined_at, checked_at)"
            " SELECT 1 + id % 20, id, 'MEMBER', 'hand', $1, $1 FROM telegram_users",
            at,
        )
        await db.execute(
            "INSERT INTO announcements (account_id, text, maintenance, to_members, state, due_at, created_at, fanned_out_at)"
            " SELECT id, 'The hall is closed today.', true, true, 'sending', $1, $1, $1 FROM accounts",
            at,
        )
        of_each = {"account_id": "n.account_id", "announcement_id": "n.id", "due_at": "$1::timestamptz"}
        await db.execute(
            insert_messages(
                Kind.ANNOUNCEMENT,
                "memberships m JOIN announcements n ON n.account_id = m.account_id ORDER BY m.id",
                user_id="m.user_id",
                dedupe="'u' || m.id",
                **of_each,
            ),
            at,
        )
        # All of a group's stand together: the next group's must not wait behind them.
        await db.execute(
            insert_messages(
                Kind.ANNOUNCEMENT,
                "groups g JOIN announcements n ON n.account_id = g.account_id CROSS JOIN generate_series(1, $2::int) k"
                " ORDER BY g.id, k",
                group_id="g.id",
                dedupe="'g' || g.id || ':' || k",
                **of_each,
            ),
            at,
            people // groups,
        )
    await db.execute("ANALYZE")
    await db.close_pool()


if __name__ == "__main__":
    main()
