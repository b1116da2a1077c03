"""`python -m sandbox`: a stand-in for Telegram, for demos, tests and development."""

import argparse
import contextlib
import os
import sys
from pathlib import Path

from sandbox.config import Config


def parse_arguments(arguments: list[str]) -> Config:
    """The command line as a Config. Invalid options end the program with status 2, as argparse does."""
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
    cli.add_argument("--login-secret", default="", help="client secret for Log In With Telegram")
    cli.add_argument("--login-redirect", default="", help="the URL that leads back to")
    cli.add_argument("--state", type=Path, help="file to keep people and chats in")
    cli.add_argument("--flood", action="store_true", help="enforce Telegram's sending limits")
    options = vars(cli.parse_args(arguments))
    try:
        return Config(**options)
    except ValueError as error:
        cli.error(str(error))


def main() -> int:
    """Serve until stopped. Returns 2 when it may not or cannot start."""
    if os.environ.get("ENV", "").strip().lower() == "production":
        sys.stderr.write("The sandbox never starts with ENV=production.\n")
        return 2
    config = parse_arguments(sys.argv[1:])
    # This import loads aiogram, which takes seconds: only once the options are known to be valid.
    from sandbox.serve import make_server

    def announce() -> None:
        sys.stdout.write(f"Sandbox: http://{config.host}:{config.port}/\n")
        sys.stdout.flush()

    try:
        server = make_server(config, on_listening=announce)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    # uvicorn raises the signal again after an orderly stop; Ctrl-C is no failure.
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
