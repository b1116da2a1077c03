"""How fast messages are sent (`M2`): two workers send to groups and people, and the sandbox enforces
Telegram's limits.

`.venv/bin/python -m bench.send_rate [--short]`: 10,000 messages for 200 groups and 5,000 private chats take
seven minutes; `--short` sends 1,000 to 50 and 500. The figures are what the sandbox counted.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from contextlib import ExitStack

from backend import embedded
from bench.__main__ import ROOT, TOKEN, environment, free_port, running_process
from bench.crowded_sandbox import FIRST_CHAT, FIRST_PERSON
from sandbox.client import Sandbox

# Groups and people. In the short form a group gets so few messages that its limit a minute does not matter.
LONG, SHORT = (200, 5_000), (50, 500)
TIMEOUT = 900.0  # seconds


def main() -> None:
    """Measure and print a table."""
    options = argparse.ArgumentParser(prog="bench.send_rate", description=__doc__)
    options.add_argument("--short", action="store_true", help="1,000 messages")
    options.add_argument("--seed", nargs=2, type=int, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.seed:
        asyncio.run(seed(*given.seed))
        return
    groups, people = SHORT if given.short else LONG
    with embedded.throwaway(durable=True) as url:
        print(report(measure(url, groups, people)))


def measure(url: str, groups: int, people: int) -> dict[str, float]:
    """Make the messages, start two workers, and wait until the last message is sent; the figures from what
    the sandbox saw."""
    port = free_port()
    telegram = f"http://127.0.0.1:{port}"
    env = environment(url, 1) | {"TELEGRAM_API_URL": telegram, "TELEGRAM_WEBHOOK": "false"}
    sandbox_env = {name: value for name, value in env.items() if name != "ENV"}
    crowded = ["bench.crowded_sandbox", str(port), TOKEN, str(groups), str(people)]
    with ExitStack() as stack:
        stack.enter_context(running_process(crowded, sandbox_env))
        wait_until_answering(telegram)
        command = [sys.executable, "-m", "bench.send_rate", "--seed", str(groups), str(people)]
        subprocess.run(command, env=env, cwd=ROOT, check=True)
        for _ in range(2):
            stack.enter_context(running_process(["emerald", "work"], env))
        return wait_for_messages(Sandbox(telegram), 2 * people)


def wait_until_answering(url: str) -> None:
    """Wait until the sandbox answers."""
    for _ in range(300):
        try:
            Sandbox(url).counters()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the sandbox did not start")


def wait_for_messages(sandbox: Sandbox, messages: int) -> dict[str, float]:
    """Wait until the sandbox got this many messages; the figures, from the moments at which it got each."""
    deadline = time.monotonic() + TIMEOUT
    while (counters := sandbox.counters())["calls"].get("sendMessage", 0) < messages:
        if time.monotonic() > deadline:
            raise RuntimeError(f"only {counters['calls']} after {TIMEOUT:.0f} s")
        time.sleep(2)
    calls, after = [], 0
    while batch := sandbox.calls("sendMessage", after=after):
        calls += batch
        after = batch[-1]["number"]
    moments = sorted(float(call["at"]) for call in calls)
    return {
        "messages": len(moments),
        "seconds": moments[-1] - moments[0],
        "rate": (len(moments) - 1) / (moments[-1] - moments[0]),
        "most": most_in_a_second(moments),
        "refused": counters["flood_refused"],
    }


def most_in_a_second(moments: list[float]) -> int:
    """How many of these moments, in seconds and in order, the fullest second holds, wherever it begins."""
    most, first = 0, 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def report(figures: dict[str, float]) -> str:
    """The figures as a table."""
    return (
        "| messages | seconds | a second | most in any second | refused |\n|---|---|---|---|---|\n"
        f"| {figures['messages']:,.0f} | {figures['seconds']:.1f} | {figures['rate']:.2f} | {figures['most']:.0f} |"
        f" {figures['refused']:.0f} |"
    )


async def seed(groups: int, people: int) -> None:
    """Make twenty accounts with a message for each person, and as many again for the groups."""
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
        columns = {"account_id": "n.account_id", "announcement_id": "n.id", "due_at": "$1::timestamptz"}
        await db.execute(
            insert_messages(
                Kind.ANNOUNCEMENT,
                "memberships m JOIN announcements n ON n.account_id = m.account_id ORDER BY m.id",
                user_id="m.user_id",
                dedupe="'u' || m.id",
                **columns,
            ),
            at,
        )
        # All messages of a group stand together: those of the next group must not wait behind them.
        await db.execute(
            insert_messages(
                Kind.ANNOUNCEMENT,
                "groups g JOIN announcements n ON n.account_id = g.account_id CROSS JOIN generate_series(1, $2::int) k"
                " ORDER BY g.id, k",
                group_id="g.id",
                dedupe="'g' || g.id || ':' || k",
                **columns,
            ),
            at,
            people // groups,
        )
    await db.execute("ANALYZE")
    await db.close_pool()


if __name__ == "__main__":
    main()
