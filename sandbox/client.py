"""A client of a running sandbox's control API, for tests.

Standard library only, and blocking: a coroutine calls it through `asyncio.to_thread`. Threads may share one.
"""

import json
import select
import urllib.parse
import weakref
from http.client import HTTPConnection
from typing import Any

Json = dict[str, Any]


class Refused(Exception):
    """The sandbox refused: Telegram's client would not let the person do it, or a wait timed out.

    `status` is the HTTP status, 408 for a timeout.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status
        self.reason = reason


class Sandbox:
    """One sandbox at `url`. Every method raises Refused when the sandbox refuses."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        # A new connection for each request costs more than the request. These are in use by no thread.
        self._idle: list[HTTPConnection] = []
        weakref.finalize(self, _close, self._idle)

    def person(self, name_or_id: str | int) -> "SandboxPerson":
        """A person by first name or id."""
        return SandboxPerson(self, self.get(f"people/{urllib.parse.quote(str(name_or_id))}"))

    def chat(self, title_or_id: str | int) -> "SandboxChat":
        """A group by title or id, after an upgrade the supergroup."""
        for chat in self.get("chats"):
            if title_or_id in {chat["title"], chat["id"]} and chat["migrated_to"] is None:
                return SandboxChat(self, chat["id"])
        raise Refused(404, f"There is no chat {title_or_id}.")

    def make_chat(self, title: str, **more: Any) -> "SandboxChat":
        """A new group: creator, type ("group" or "supergroup"), people, topics, with_bot."""
        return SandboxChat(self, self.post("chats", {"title": title, **more})["id"])

    def reset(self) -> None:
        """Begin anew, with the initial people and chats."""
        self.post("reset")

    def fault(self, **fault: Any) -> None:
        """Inject a fault into the bot's next calls. The fields: method, chat_id, times, error_code,
        description, retry_after, migrate_to_chat_id, drop_after_apply, hang, delay_ms.
        """
        self.post("faults", fault)

    def flood(self, on: bool) -> None:
        """Switch Telegram's sending limits on or off."""
        self.post("flood", {"on": on})

    def inline_mode(self, *, on: bool = True, feedback: bool = True) -> None:
        """Set what @BotFather sets: inline mode, and whether the bot is told what people chose."""
        self.post("inline-mode", {"on": on, "feedback": feedback})

    def ephemeral(self, *, known: bool) -> None:
        """Play a Bot API server that knows ephemeral messages, or an older one."""
        self.post("ephemeral", {"known": known})

    def advance(self, seconds: float) -> float:
        """Let time pass on the sandbox's clock. Returns the new time in Unix seconds."""
        return float(self.post("clock", {"advance": seconds})["now"])

    def counters(self) -> Json:
        """Counts of calls, faults, limits and updates since the start."""
        counters: Json = self.get("counters")
        return counters

    def calls(
        self,
        method: str | None = None,
        *,
        chat_id: int | None = None,
        after: int = 0,
        count: int = 0,
        timeout: float = 10.0,
    ) -> list[Json]:
        """Finished calls by the bot, oldest first; with `count`, waits until there are that many."""
        fields: Json = {"method": method, "chat_id": chat_id, "after": after, "count": count}
        query = {key: value for key, value in fields.items() if value is not None}
        if count:
            query["within"] = timeout
        calls: list[Json] = self.get(f"calls?{urllib.parse.urlencode(query)}", timeout)
        return calls

    def wait(self, chat_id: int, *, timeout: float = 10.0, **fields: Any) -> Json:
        """The newest message that matches all fields: text, no_text, button, no_button, sender ("bot"
        or an id), message_id, after, thread_id, edits, deleted. Refused (408) when none comes in time.
        """
        body = {"chat_id": chat_id, **fields}
        if "sender" in body:
            body["sender"] = str(body["sender"])
        message: Json = self.post(f"wait?within={timeout}", body, timeout)
        return message

    def get(self, path: str, wait: float = 0.0) -> Any:
        """GET a path of the control API."""
        return self._request("GET", path, None, wait)

    def post(self, path: str, body: Json | None = None, wait: float = 0.0) -> Any:
        """POST to a path of the control API."""
        return self._request("POST", path, body or {}, wait)

    def delete(self, path: str) -> Any:
        """DELETE a path of the control API."""
        return self._request("DELETE", path, None, 0.0)

    def _request(self, method: str, path: str, body: Json | None, wait: float) -> Any:
        connection = self._connection()
        try:
            connection.timeout = wait + 20
            if connection.sock:
                connection.sock.settimeout(connection.timeout)
            connection.request(
                method,
                f"/_control/{path}",
                None if body is None else json.dumps(body).encode(),
                {"Content-Type": "application/json"},
            )
            with connection.getresponse() as response:
                answer = json.load(response)
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        if response.status >= 400:
            raise Refused(response.status, str(answer.get("detail", answer)))
        return answer

    def _connection(self) -> HTTPConnection:
        """An idle connection that the sandbox has not closed, or a new one."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return HTTPConnection(urllib.parse.urlsplit(self.url).netloc)
            if connection.sock and not select.select([connection.sock], [], [], 0)[0]:
                return connection
            connection.close()


def _close(connections: list[HTTPConnection]) -> None:
    for connection in connections:
        connection.close()


class SandboxChat:
    """A chat; `id` is its id at the Bot API."""

    def __init__(self, sandbox: Sandbox, chat_id: int) -> None:
        self._sandbox = sandbox
        self.id = chat_id

    @property
    def now(self) -> Json:
        """Its present state: title, type, members, topics, the bot's rights."""
        chat: Json = self._sandbox.get(f"chats/{self.id}")
        return chat

    def messages(self, *, after: int = 0, deleted: bool = False) -> list[Json]:
        """Its messages, oldest first, with every version of each."""
        query = f"after={after}&deleted={str(deleted).lower()}"
        messages: list[Json] = self._sandbox.get(f"chats/{self.id}/messages?{query}")
        return messages

    def wait(self, *, timeout: float = 10.0, **fields: Any) -> Json:
        """As `Sandbox.wait`, in this chat."""
        return self._sandbox.wait(self.id, timeout=timeout, **fields)

    def delete(self, message_id: int) -> None:
        """Delete a message; the bot gets no update."""
        self._sandbox.delete(f"chats/{self.id}/messages/{message_id}")

    def bot(self, status: str, rights: list[str] | None = None, by: str = "Olga") -> None:
        """Make the bot "administrator" (with `rights`), "member", "muted" or "kicked"."""
        body = {"status": status, "rights": rights, "by": by}
        self._sandbox.post(f"chats/{self.id}/bot", body)

    def upgrade(self, by: str = "Olga") -> "SandboxChat":
        """Turn a basic group into a supergroup; returns the supergroup."""
        supergroup = self._sandbox.post(f"chats/{self.id}/upgrade", {"by": by})
        return SandboxChat(self._sandbox, supergroup["id"])

    def rename(self, title: str, by: str = "Olga") -> None:
        """Give the group a new title."""
        self._sandbox.post(f"chats/{self.id}/title", {"title": title, "by": by})

    def close_topic(self, thread_id: int, *, closed: bool = True, by: str = "Olga") -> None:
        """Close a topic of a forum, or open it again."""
        self._sandbox.post(f"chats/{self.id}/topics/{thread_id}", {"closed": closed, "by": by})

    def rename_topic(self, thread_id: int, name: str, by: str = "Olga") -> None:
        """Give a topic a new name."""
        self._sandbox.post(f"chats/{self.id}/topics/{thread_id}", {"name": name, "by": by})

    def delete_topic(self, thread_id: int) -> None:
        """Delete a topic with its messages; the bot gets no update."""
        self._sandbox.delete(f"chats/{self.id}/topics/{thread_id}")

    def destroy(self) -> None:
        """The owner deletes the group; the bot gets no update."""
        self._sandbox.delete(f"chats/{self.id}")


class SandboxPerson:
    """A person who writes, presses buttons and opens the Mini App."""

    def __init__(self, sandbox: Sandbox, person: Json) -> None:
        self._sandbox = sandbox
        self.id = int(person["id"])
        self.name = str(person["first_name"])

    @property
    def private(self) -> SandboxChat:
        """Their private chat with the bot."""
        return SandboxChat(self._sandbox, self.id)

    def start(self, payload: str = "") -> Json:
        """Press START, with the payload of a link."""
        return self._act("start", {"payload": payload})

    def say(
        self,
        text: str,
        chat: SandboxChat | int | None = None,
        *,
        thread_id: int | None = None,
        reply_to: int | None = None,
        ephemeral: bool | None = None,
    ) -> Json:
        """Write to a chat, or without one to the bot. A command that the bot offers as ephemeral is seen by the bot alone: with
        False by all, as an older app sends it, and with True it must be one. Returns the message."""
        body = {
            "chat_id": self._chat_id(chat),
            "text": text,
            "thread_id": thread_id,
            "reply_to": reply_to,
            "ephemeral": ephemeral,
        }
        return self._act("send", body)

    def tap(self, message: Json, button: str | None = None, *, timeout: float = 10.0, **place: int) -> Json:
        """Press a button by its text, or by row and col. `kind` of the result is one of: callback
        (`answer` is {"text", "show_alert"}, or None when none came in time), app (`url`), start
        (`payload`), link (`url`), copy (`text`).
        """
        body = {
            "chat_id": message["chat_id"],
            "message_id": message["id"],
            "button": button,
            "timeout": timeout,
            **place,
        }
        return self._act("tap", body, timeout)

    def ask_inline(
        self,
        query: str = "",
        chat: "SandboxChat | int | None" = None,
        *,
        offset: str = "",
        timeout: float = 10.0,
    ) -> Json:
        """Type the bot's name and this query in a chat: `results`, `next_offset` and `button` of the bot's answer."""
        body = {"chat_id": self._chat_id(chat), "query": query, "offset": offset, "timeout": timeout}
        answer: Json | None = self._act("inline", body, timeout)["answer"]
        if answer is None:
            raise Refused(408, "The bot did not answer the inline query.")
        return answer

    def choose(self, answer: Json, result_id: str, chat: "SandboxChat | int | None" = None) -> Json:
        """Send one of the results of an inline query to a chat. Returns the message."""
        body = {"query_id": answer["id"], "result_id": result_id, "chat_id": self._chat_id(chat)}
        return self._act("choose", body)

    def press(self) -> str:
        """The id of a press whose update the caller brings to the bot itself: of a changed client, or under
        a message of a kind that is not modelled."""
        return str(self._act("press", {})["id"])

    def open(self, url: str, chat: SandboxChat | int | None = None) -> Json:
        """Follow a link found in a chat. The result is like that of `tap`."""
        return self._act("open", {"url": url, "chat_id": self._chat_id(chat) if chat else None})

    def launch(self, chat: SandboxChat | int | None = None, **fields: Any) -> Json:
        """Open the Mini App. The fields: path (button, menu, direct, main, profile), startapp, theme,
        platform, version, url; `age` (seconds) and `token` for invalid data. Returns `url`,
        `init_data` and its parts.
        """
        return self._act("launch", {"chat_id": self._chat_id(chat) if chat else None, **fields})

    def block(self, blocked: bool = True) -> None:
        """Block the bot, or unblock it."""
        self._act("block", {"blocked": blocked})

    def allow_writing(self) -> None:
        """Allow the bot to write, as people can when the Mini App asks."""
        self._act("write-access", {"allowed": True})

    def join(self, chat: SandboxChat | int) -> None:
        """Join a group."""
        self._act("membership", {"chat_id": self._chat_id(chat), "inside": True})

    def leave(self, chat: SandboxChat | int, *, by: str | None = None) -> None:
        """Leave a group, or be removed from it by the person that `by` names."""
        self._act("membership", {"chat_id": self._chat_id(chat), "inside": False, "by": by})

    def _chat_id(self, chat: SandboxChat | int | None) -> int:
        return self.id if chat is None else chat.id if isinstance(chat, SandboxChat) else chat

    def _act(self, action: str, body: Json, wait: float = 0.0) -> Json:
        result: Json = self._sandbox.post(f"people/{self.id}/{action}", body, wait)
        return result
