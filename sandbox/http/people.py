"""`/_control/people/…`: act as a person, named by id or first name."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from sandbox import groups, inline, user_actions
from sandbox.errors import ControlError
from sandbox.http import serializers
from sandbox.launch import LaunchPath, LaunchRequest, open_app
from sandbox.telegram import Telegram
from sandbox.world import Json, Person

MAX_WAIT_SECONDS = 60.0


class OutgoingMessage(msgspec.Struct, forbid_unknown_fields=True):
    """A message that a person sends."""

    chat_id: int
    text: str
    thread_id: int | None = None
    reply_to: int | None = None
    ephemeral: bool | None = None


class StartPress(msgspec.Struct, forbid_unknown_fields=True):
    """A press of START, with the payload of the link that led there."""

    payload: str = ""


class ButtonTap(msgspec.Struct, forbid_unknown_fields=True):
    """A button of a message, by its text or its place; `timeout` is the wait for an answer in seconds."""

    chat_id: int
    message_id: int
    button: str | None = None
    row: int | None = None
    col: int | None = None
    timeout: float = 10.0


class FollowedLink(msgspec.Struct, forbid_unknown_fields=True):
    """A link that a person follows, and the chat they found it in."""

    url: str
    chat_id: int | None = None
    theme: str = "light"


class BlockChange(msgspec.Struct, forbid_unknown_fields=True):
    """Whether the person blocks the bot."""

    blocked: bool = True


class MembershipChange(msgspec.Struct, forbid_unknown_fields=True):
    """Joining or leaving a group; `by` names who added or removed the person, if another did."""

    chat_id: int
    inside: bool = True
    by: str | None = None


class WriteAccessAnswer(msgspec.Struct, forbid_unknown_fields=True):
    """The answer to the Mini App's question whether the bot may write."""

    allowed: bool


class ShareRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A prepared message and the chat it is sent to."""

    prepared: str
    chat_id: int


class TypedQuery(msgspec.Struct, forbid_unknown_fields=True):
    """What a person types behind the bot's name; `timeout` is the wait for results in seconds."""

    chat_id: int
    query: str = ""
    offset: str = ""
    timeout: float = 10.0


class ChosenResult(msgspec.Struct, forbid_unknown_fields=True):
    """A result of a query, and where it is sent."""

    query_id: str
    result_id: str
    chat_id: int
    thread_id: int | None = None


class StorageCall(msgspec.Struct, forbid_unknown_fields=True):
    """One call to the Mini App's CloudStorage."""

    method: str
    params: dict[str, Any]


def provide_person(telegram: NamedDependency[Telegram], name_or_id: FromPath[str]) -> Person:
    """The person of the path, by id or by first name."""
    return find_person(telegram, name_or_id)


def find_person(telegram: Telegram, name_or_id: str) -> Person:
    """The person by id or by first name (in any case). Raises ControlError (404) for an unknown one."""
    if name_or_id.isdigit():
        return telegram.person(int(name_or_id))
    for person in telegram.world.people.values():
        if person.first_name.casefold() == name_or_id.casefold():
            return person
    raise ControlError(f"Nobody here is called {name_or_id}.", 404)


@get("/")
async def index(telegram: NamedDependency[Telegram]) -> list[Json]:
    return [serializers.person_json(person) for person in telegram.world.people.values()]


@get("/{name_or_id:str}")
async def show(telegram: NamedDependency[Telegram], person: NamedDependency[Person]) -> Json:
    return serializers.person_json(person)


@post("/{name_or_id:str}/send", status_code=200)
async def send(
    telegram: NamedDependency[Telegram], person: NamedDependency[Person], data: JSONBody[OutgoingMessage]
) -> Json:
    message = user_actions.send_message(
        telegram, person, data.chat_id, data.text, data.thread_id, data.reply_to, ephemeral=data.ephemeral
    )
    return serializers.message_json(telegram, message)


@post("/{name_or_id:str}/start", status_code=200)
async def start(
    telegram: NamedDependency[Telegram], person: NamedDependency[Person], data: JSONBody[StartPress]
) -> Json:
    return serializers.message_json(telegram, user_actions.press_start(telegram, person, data.payload))


@post("/{name_or_id:str}/tap", status_code=200)
async def tap(
    telegram: NamedDependency[Telegram], person: NamedDependency[Person], data: JSONBody[ButtonTap]
) -> Json:
    """Press a button. `kind` of the result is callback (with `answer`, or null), app, start, link or copy."""
    chat = user_actions.require_inside(telegram, person, data.chat_id)
    message = user_actions.require_message(telegram, chat, data.message_id)
    if message.seen_by not in (0, person.id):
        raise ControlError("There is no such message.", 404)
    button = user_actions.find_button(message, data.button, data.row, data.col)
    if button.get("disabled"):
        raise ControlError("This button is disabled.")
    if "callback_data" in button:
        pressed = user_actions.press_button(telegram, person, chat.id, message.id, button)
        answer = await user_actions.wait_for_answer(telegram, pressed, min(data.timeout, MAX_WAIT_SECONDS))
        return {"kind": "callback", "answer": answer}
    if "web_app" in button:
        launch = LaunchRequest("button", url=button["web_app"]["url"], chat_id=person.id)
        return {"kind": "app", **open_app(telegram, person, launch)}
    if "copy_text" in button:
        return {"kind": "copy", "text": button["copy_text"]["text"]}
    return follow_link(telegram, person, FollowedLink(button["url"], chat.id))


@post("/{name_or_id:str}/press", status_code=200)
async def press(telegram: NamedDependency[Telegram], person: NamedDependency[Person]) -> Json:
    """The `id` of a press whose update the caller brings to the bot itself."""
    return {"id": user_actions.begin_press(telegram, person).id}


@post("/{name_or_id:str}/open", status_code=200)
async def open_link(
    telegram: NamedDependency[Telegram], person: NamedDependency[Person], data: JSONBody[FollowedLink]
) -> Json:
    """Follow a link: the bot's own links open here, the result names any other."""
    return follow_link(telegram, person, data)


def follow_link(telegram: Telegram, person: Person, link: FollowedLink) -> Json:
    """`kind` of the result is `app` (with a launch), `start` (with the payload, not yet sent) or `link`."""
    parts = urlsplit(link.url if "://" in link.url else f"https://{link.url}")
    name = telegram.config.bot_name.lower()
    segments = [segment for segment in parts.path.split("/") if segment]
    is_telegram = (parts.hostname or "") in {"t.me", "telegram.me"}
    if not (is_telegram and segments and segments[0].lower() == name):
        return {"kind": "link", "url": link.url}
    query = parse_qs(parts.query, keep_blank_values=True)
    startapp = query.get("startapp", [""])[0] or None
    if len(segments) > 1 or "startapp" in query:
        if len(segments) > 1 and not re.fullmatch(r"\w{3,30}", segments[1]):
            return {"kind": "link", "url": link.url}
        path: LaunchPath = "direct" if len(segments) > 1 else "main"
        launch = LaunchRequest(path, chat_id=link.chat_id, startapp=startapp, theme=link.theme)
        return {"kind": "app", **open_app(telegram, person, launch)}
    return {"kind": "start", "payload": query.get("start", [""])[0]}


@post("/{name_or_id:str}/launch", status_code=200)
async def launch(
    telegram: NamedDependency[Telegram], person: NamedDependency[Person], data: JSONBody[LaunchRequest]
) -> Json:
    return open_app(telegram, person, data)


@post("/{name_or_id:str}/block", status_code=200)
async def block(
    telegram: NamedDependency[Telegram], person: NamedDependency[Person], data: JSONBody[BlockChange]
) -> Json:
    user_actions.set_blocked(telegram, person, blocked=data.blocked)
    return serializers.person_json(person)


@post("/{name_or_id:str}/membership", status_code=200)
async def membership(
    telegram: NamedDependency[Telegram], person: NamedDependency[Person], data: JSONBody[MembershipChange]
) -> Json:
    chat = telegram.chat(data.chat_id)
    by = person if data.by is None else find_person(telegram, data.by)
    groups.set_inside(telegram, chat, person, inside=data.inside, by=by)
    return serializers.chat_json(telegram, chat)


@post("/{name_or_id:str}/write-access", status_code=200)
async def write_access(
    telegram: NamedDependency[Telegram], person: NamedDependency[Person], data: JSONBody[WriteAccessAnswer]
) -> Json:
    if data.allowed and not (person.may_be_written_to and not person.blocks_bot):
        user_actions.allow_writing(telegram, person)
    return serializers.person_json(person)


@post("/{name_or_id:str}/share", status_code=200)
async def share(
    telegram: NamedDependency[Telegram], person: NamedDependency[Person], data: JSONBody[ShareRequest]
) -> Json:
    return serializers.message_json(
        telegram, user_actions.share_prepared_message(telegram, person, data.prepared, data.chat_id)
    )


@post("/{name_or_id:str}/inline", status_code=200)
async def inline_query(
    telegram: NamedDependency[Telegram], person: NamedDependency[Person], data: JSONBody[TypedQuery]
) -> Json:
    """Type the bot's name and words: the `results`, `next_offset` and `button` that the bot offers, or null."""
    ask = inline.type_query(telegram, person, data.chat_id, data.query, data.offset)
    answer = await inline.wait_for_results(telegram, ask, min(data.timeout, MAX_WAIT_SECONDS))
    return {"answer": None if answer is None else answer | {"id": ask.id}}


@post("/{name_or_id:str}/choose", status_code=200)
async def choose(
    telegram: NamedDependency[Telegram], person: NamedDependency[Person], data: JSONBody[ChosenResult]
) -> Json:
    message = inline.choose(telegram, person, data.chat_id, data.query_id, data.result_id, data.thread_id)
    return serializers.message_json(telegram, message)


@post("/{name_or_id:str}/storage", status_code=200)
async def storage(person: NamedDependency[Person], data: JSONBody[StorageCall]) -> Json:
    return user_actions.call_cloud_storage(person, data.method, data.params)


router = Router(
    "/_control/people",
    route_handlers=[
        index,
        show,
        send,
        start,
        tap,
        press,
        open_link,
        launch,
        block,
        membership,
        write_access,
        share,
        inline_query,
        choose,
        storage,
    ],
)
