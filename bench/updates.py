"""Updates by webhook beside a bare aiogram handler with one SQL write: `.venv/bin/python -m bench.updates` (a minute and a half).

Four taps on cards in a group to one command in private, each by another person, over 32 connections. Emerald and the bare
handler take turns (A B A B) on one database, each in one process, with a stand-in for Telegram that accepts every call. Only the
ratios mean anything.
"""

import argparse
import json
import os
from contextlib import ExitStack

from backend import embedded
from bench.__main__ import (
    BenchAccount,
    check_statuses,
    free_port,
    psql,
    run_load,
    running_process,
    running_server,
)
from bench.load_generator import LoadResult
from bench.open_screens import cpu_seconds

CONNECTIONS, SECRET = 32, "bench-secret-of-no-bot"
CHAT = -1005000000001
RATE_AIM, TAIL_AIM = 0.7, 2.0  # of the bare handler's updates a second, at least; of its p99, at most
INSTANCES = 50


def update(number: int, person: int, name: str, *, tap: str, code: str) -> str:
    """The request that brings a tap on the card of this instance, or without data the command /mybookings."""
    user = {"id": person, "is_bot": False, "first_name": name, "language_code": "en"}
    body: dict[str, object] = {"update_id": number}
    if tap:
        row = [{"text": "Join", "callback_data": f"s:join:{code}"}, {"text": "Join", "callback_data": tap}]
        chat = {"id": CHAT, "type": "supergroup", "title": "Bench Club"}
        message = {
            "message_id": 7,
            "date": 1,
            "chat": chat,
            "text": "Yoga",
            "reply_markup": {"inline_keyboard": [row]},
        }
        body["callback_query"] = {
            "id": str(number),
            "from": user,
            "chat_instance": "1",
            "data": tap,
            "message": message,
        }
    else:
        chat = {"id": person, "type": "private", "first_name": name}
        entities = [{"type": "bot_command", "offset": 0, "length": 11}]
        command = {"message_id": number, "date": 1, "chat": chat, "from": user, "text": "/mybookings"}
        body["message"] = command | {"entities": entities}
    text = json.dumps(body)
    return (
        f"POST /telegram/webhook HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Telegram-Bot-Api-Secret-Token: {SECRET}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}"
    )


def updates(account: BenchAccount, n: int, first: int, *, bare: bool) -> list[str]:
    """So many updates, each of a member who has not booked."""
    made = []
    for number, (membership, user, _) in enumerate(account.take_members(n)):
        instance, code = account.cold[number % len(account.cold)]
        tap = "" if number % 5 == 4 else f"x:{instance}:{membership}" if bare else f"s:join:{code}"
        person = 1_000_000 + user - account.members[0][1] + 1
        name = f"Member {person - 1_000_000}"
        made.append(update(first + number, person, name, tap=tap, code=code))
    return made


def measure(
    account: BenchAccount, url: str, stub: dict[str, str], n: int, first: int, *, bare: bool
) -> tuple[LoadResult, float]:
    """The result of a run, and the milliseconds of the process's own time for each update. What a process does once is done
    before, by a tenth as many updates."""
    module = ["bench.bare_bot"] if bare else ["emerald", "serve"]
    few = n // 10
    with running_server(module, url, "/health", stub) as (port, pid):
        run_load(port, CONNECTIONS, updates(account, few, first, bare=bare))
        before = cpu_seconds(pid)
        result = run_load(port, CONNECTIONS, updates(account, n, first + few, bare=bare))
        spent = (cpu_seconds(pid) - before) * 1000 / n
    check_statuses(result, 200)
    return result, spent


def main() -> None:
    """Measure and print a table; exits with 1 when an aim is missed."""
    options = argparse.ArgumentParser(prog="bench.updates", description=__doc__)
    options.add_argument("--updates", type=int, default=2000, help="in each run")
    options.add_argument("--pairs", type=int, default=4, help="of runs, Emerald's and the bare handler's")
    given = options.parse_args()
    n, turns = given.updates, 2 * given.pairs
    port = free_port()
    stub = {
        "TELEGRAM_API_URL": f"http://127.0.0.1:{port}",
        "TELEGRAM_WEBHOOK": "true",
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
    }
    rates: dict[bool, list[LoadResult]] = {False: [], True: []}
    with ExitStack() as stack:
        url = stack.enter_context(embedded.throwaway(durable=True))
        account = BenchAccount(url, turns * (n + n // 10) + 100, events=INSTANCES)
        link_group(url)
        stand_in = {"PATH": os.environ["PATH"], "PORT": str(port)}
        stack.enter_context(running_process(["bench.telegram_stub"], stand_in))
        print("| | updates/s | p50 ms | p99 ms | web ms each | load of the machine |")
        print("|---|---|---|---|---|---|", flush=True)
        for turn in range(turns):
            bare = turn % 2 == 1
            result, spent = measure(account, url, stub, n, 1000 + turn * 2 * n, bare=bare)
            rates[bare].append(result)
            name = "bare aiogram" if bare else "Emerald"
            print(
                f"| {name} | {result.rate:,.0f} | {result.p50:.1f} | {result.p99:.1f} | {spent:.2f} |"
                f" {os.getloadavg()[0]:.1f} |",
                flush=True,
            )
    rate = sum(one.rate for one in rates[False]) / sum(one.rate for one in rates[True])
    tail = sum(one.p99 for one in rates[False]) / sum(one.p99 for one in rates[True])
    print(
        f"\n{rate:.2f} × its updates a second (aim ≥ {RATE_AIM}), {tail:.1f} × its p99 (aim ≤ {TAIL_AIM:.0f})"
    )
    if rate < RATE_AIM or tail > TAIL_AIM:
        raise SystemExit("An aim was missed.")


def link_group(url: str) -> None:
    """The group in which everybody taps, in which Telegram said a moment ago that they are."""
    psql(
        url,
        "INSERT INTO groups (account_id, chat_id, title, forum, health, linked_by, linked_at)"
        f" SELECT id, {CHAT}, 'Bench Club', false, 'well', (SELECT min(id) FROM telegram_users), now() FROM accounts;"
        "INSERT INTO group_members (account_id, group_id, user_id, present, checked_at)"
        " SELECT g.account_id, g.id, u.id, true, now() FROM groups g CROSS JOIN telegram_users u;"
        "ANALYZE",
    )


if __name__ == "__main__":
    main()
