"""A conversation as people see it: who writes or taps what, and what appears in which chat and topic."""

import json
import re
from collections.abc import Callable
from typing import Any

from sandbox.client import SandboxChat
from tests.telegram import Telegram

Json = dict[str, Any]
_UNSEEN = re.compile("[\u2060\u2066-\u2069]")  # what keeps texts apart and is not seen
_CODE = re.compile(r"[2-9a-hjkmnp-z]{10}(?=\.ics)")
_KEY = re.compile(r"sk_[0-9a-f]{48}")
_REAL_TIME = re.compile(
    r"^.*(?= · (?:Linked a group|Used a key)\b)", re.MULTILINE
)  # of rows made for all tests
_PROBES = ("deleteEphemeralMessage",)  # by which the bot learns once what the server knows
_MARGIN = "    "
_NAMES = ("Olga", "Alice", "Bob", "Charlie")


class ChatLog:
    """Writes down what people do and what the bot answers, chat by chat."""

    def __init__(self, telegram: Telegram) -> None:
        self.telegram = telegram
        self._people = {telegram.person(name).id: name for name in _NAMES}
        self._rooms = {telegram.person(name).private.id: f"{name}, private" for name in _NAMES}
        self._rooms |= {telegram.chat(title).id: title for title in ("Kallio Yoga", "Sunday Runners")}
        self._topics = {2: "Runs", 3: "Chatter"}
        self._lines: list[str] = []
        self._call = 0
        self.new_calls()

    def new_calls(self) -> list[Json]:
        """What the bot has called since this was asked last."""
        calls = self.telegram.sandbox.calls(after=self._call)
        if calls:
            self._call = calls[-1]["number"]
        return calls

    def heading(self, text: str) -> None:
        self._lines.append(f"{f'── {text} ':─<80}")

    async def say(
        self, name: str, text: str, chat: SandboxChat | None = None, topic: int | None = None
    ) -> None:
        """Somebody writes to the bot, or in a group and its topic."""
        person = self.telegram.person(name)
        room = self._room((chat or person.private).id, topic)
        act = self.telegram.during(person.say, text, chat, thread_id=topic)
        await self._record(f"[{room}] {name}: {_indented(text)}", act)

    async def start(self, name: str, payload: str = "") -> None:
        """Somebody presses START, perhaps by a link."""
        written = f"/start {payload}" if payload else "/start"
        act = self.telegram.during(self.telegram.person(name).start, payload)
        await self._record(f"[{name}, private] {name}: {written}", act)

    async def tap(self, name: str, *labels: str, chat: SandboxChat | None = None) -> None:
        """Somebody taps these buttons, one after another, each under the newest message that has it."""
        for label in labels:
            person = self.telegram.person(name)
            room = chat or person.private
            found = next(
                message
                for message in reversed(room.messages())
                if any(button["text"] == label for row in message["buttons"] for button in row)
            )
            act = self.telegram.during(person.tap, found, label)
            await self._record(f"[{self._room(room.id, found['thread_id'])}] {name} taps [{label}]", act)

    async def happens(self, title: str, act: Callable[..., Any], *arguments: Any) -> None:
        """Something happens elsewhere in Telegram, like somebody who joins a group."""
        await self._record(f"({title})", self.telegram.during(act, *arguments))

    async def _record(self, title: str, act: Any) -> None:
        self.new_calls()
        await act
        calls = self.new_calls()
        refused = [call for call in calls if call["error"] and call["method"] not in _PROBES]
        assert not refused, (title, refused)
        self._lines += [title, *(line for call in calls for line in self._shown(call)), ""]

    def _shown(self, call: Json) -> list[str]:
        params, result = call["params"], call["result"]
        match call["method"]:
            case "answerCallbackQuery":
                kind = "popup" if params.get("show_alert") in (True, "true", "True") else "toast"
                return [f"{_MARGIN}({kind}) {_seen(params['text'])}"] if params.get("text") else []
            case "sendMessage" | "editMessageText" | "sendDocument":
                edits = " edits" if call["method"] == "editMessageText" else ""
                room = self._room(result["chat"]["id"], result.get("message_thread_id"))
                if params.get("ephemeral_message_parameters"):
                    one = json.loads(params["ephemeral_message_parameters"])["receiver_user_id"]
                    room = f"{room}, seen by {self._people[one]} alone"
                text = result.get("text") or result.get("caption") or ""
                if "document" in result:
                    text = f"📄 {_CODE.sub('CODE', result['document']['file_name'])} {text}".rstrip()
                head = f"{_MARGIN}[{room}] Emerald{edits}: {_indented(_seen(text))}"
                return [head, *_keyboard(params.get("reply_markup"))]
            case "deleteMessage":
                return [f"{_MARGIN}[{self._room(int(params['chat_id']), None)}] Emerald deletes a message"]
        return []

    def _room(self, chat_id: int, topic: int | None) -> str:
        name = self._rooms.get(chat_id, "another chat")
        return f"{name} › {self._topics[topic]}" if topic in self._topics else name

    def __str__(self) -> str:
        return "\n".join(self._lines)


def _seen(text: str) -> str:
    """The text as it is seen, with what differs from run to run left out."""
    return _REAL_TIME.sub("(then)", _KEY.sub("sk_…", _UNSEEN.sub("", text)))


def _indented(text: str) -> str:
    return text.replace("\n", f"\n{_MARGIN * 2}")


def _keyboard(markup: Any) -> list[str]:
    """The buttons, row by row; ↗ leads elsewhere."""
    rows = (json.loads(markup) if isinstance(markup, str) else markup or {}).get("inline_keyboard", [])
    return [_MARGIN * 2 + " ".join(f"[{button['text']}]" for button in row) for row in rows]
