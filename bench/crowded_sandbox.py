"""A sandbox with many people and groups that enforces Telegram's limits: `python -m bench.crowded_sandbox
PORT TOKEN GROUPS PEOPLE`."""

import sys

from sandbox.config import Config
from sandbox.world import Chat, Membership, Person

FIRST_CHAT, FIRST_PERSON = -1_002_000_000_000, 5_000_000


def main() -> None:
    """Serve until stopped. The ids of groups count down from the first one, those of people count up."""
    from litestar import Litestar

    from sandbox.serve import make_server

    port, token, groups, people = sys.argv[1:]
    config = Config(app_url="http://127.0.0.1:1", token=token, port=int(port), flood=True)
    server = make_server(config)
    app = server.config.app
    assert isinstance(app, Litestar)
    world = app.state.telegram.world
    for n in range(1, int(people) + 1):
        number = FIRST_PERSON + n
        world.people[number] = Person(number, f"Member {n}", may_be_written_to=True, met_bot=True)
    for n in range(1, int(groups) + 1):
        number = FIRST_CHAT - n
        world.chats[number] = Chat(number, "supergroup", f"Group {n}", bot=Membership("member"), met_bot=True)
        world.messages[number] = []
    server.run()


if __name__ == "__main__":
    main()
