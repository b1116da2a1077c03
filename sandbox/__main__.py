"""`python -m sandbox`: a stand-in for Telegram, for demos, tests and development."""

import argparse
import contextlib
import os
import sys
from pathlib import Path

from sandbox.config import Config


def parse(arguments: list[str]) -> Config:
    """The command line as a Config; argparse ends the program for what makes no sense."""
    cli = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    cli.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    cli.add_argument("--port", type=int, default=8081, help="port to listen on (%(default)s)")
    cli.add_argument(
        "--app-url", default="http://127.0.0.1:3000", help="the product under test (%(default)s)"
    )
    cli.add_argument("--app-path", default="/app/", help="its Mini App's page (%(default)s)")
    cli.add_argument("--token", default="42:SANDBOX", help="the bot's token (%(default)s)")
    cli.add_argument("--bot-name", default="emerald_bot", help="its username (%(default)s)")
    cli.add_argument("--bot-title", default="Emerald", help="its name (%(default)s)")
    cli.add_argument("--state", type=Path, help="file to keep people and chats in")
    cli.add_argument("--flood", action="store_true", help="enforce Telegram's sending limits")
    given = vars(cli.parse_args(arguments))
    try:
        return Config(**given)
    except ValueError as wrong:
        cli.error(str(wrong))


def main() -> int:
    """Serve until stopped. 2 when it may not or cannot start."""
    if os.environ.get("ENV", "").strip().lower() == "production":
        sys.stderr.write("The sandbox never starts with ENV=production.\n")
        return 2
    config = parse(sys.argv[1:])
    # Loads aiogram, which takes seconds: not before it is known that there is something to serve.
    from sandbox.serve import make_server

    try:
        server = make_server(config)
    except ValueError as broken:
        sys.stderr.write(f"{broken}\n")
        return 2
    sys.stdout.write(f"Sandbox: http://{config.host}:{config.port}/\n")
    sys.stdout.flush()
    # uvicorn raises the signal again once it has stopped in good order; Ctrl-C is no failure.
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
