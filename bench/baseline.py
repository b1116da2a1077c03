"""The baseline of the comparison: bare Litestar handlers without sign-in and rules.

(a) `POST /bare/{instance}/{member}` makes the same change to the same tables with one hand-written statement.
`GET /bare/events/{user}` runs the same SQL and renders the same template as the events page.
"""

import os

import asyncpg
from litestar import Litestar, Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath

# One seat for one member: the booking, the log entry and the counter, as the allocator writes them, without
# the rules.
STATEMENT = """
WITH seat AS (
    UPDATE instance_seats SET booked = booked + 1, version = version + 1
    WHERE instance_id = $1 AND (capacity IS NULL OR booked < capacity) RETURNING account_id
), booked AS (
    INSERT INTO bookings (account_id, instance_id, membership_id, answer, seats, waiting, seated_at, answered_at)
    SELECT account_id, $1, $2, 'in', 1, 0, now(), now() FROM seat RETURNING 1
)
INSERT INTO event_participation_log (account_id, instance_id, membership_id, by_user_id, via, verb, seats_before,
    seats_after, waiting_before, waiting_after, request_id, at)
SELECT account_id, $1, $2, $2, 'miniapp', 'book', 0, 1, 0, 0, gen_random_uuid(), now() FROM seat, booked
"""


async def _keep(connection: object) -> None:
    """No reset query, as in the application."""


@post("/bare/{instance:int}/{member:int}", status_code=200)
async def book(state: State, instance: FromPath[int], member: FromPath[int]) -> dict[str, str]:
    """Book a seat, without the rules."""
    status = await state.pool.execute(STATEMENT, instance, member)
    return {"outcome": "booked" if status == "INSERT 0 1" else "full"}


@get("/bare/events/{user:int}")
async def events(user: FromPath[int]) -> Response[str] | Response[None]:
    """The events page, without signing in."""
    from backend.people.queries import Person
    from webapp.miniapp.list_screens import upcoming_screen
    from webapp.miniapp.paging import ListFilters

    return await upcoming_screen(Person(id=user, telegram_id=user, first_name="Bare"), ListFilters())


async def _open(app: Litestar) -> None:
    from backend import db
    from backend.settings import settings

    kwargs = settings.database.connect_kwargs()
    size = settings.database_pool_size
    app.state.pool = await asyncpg.create_pool(**kwargs, min_size=size, max_size=size, reset=_keep)
    await db.open_pool(name="bench-bare")


async def _close(app: Litestar) -> None:
    from backend import db

    await app.state.pool.close()
    await db.close_pool()


def main() -> None:
    """Serve on 127.0.0.1, at PORT of the environment, with the settings of the application's server."""
    import uvicorn

    app = Litestar([book, events], on_startup=[_open], on_shutdown=[_close], openapi_config=None)
    uvicorn.run(
        app, host="127.0.0.1", port=int(os.environ["PORT"]), loop="uvloop", http="httptools",
        access_log=False, log_level="warning",
    )  # fmt: skip


if __name__ == "__main__":
    main()
