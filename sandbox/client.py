"""Drives a running sandbox from Python, for tests and journeys.

Standard library only, and blocking: from a coroutine, call it through `asyncio.to_thread`.
"""

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

Json = dict[str, Any]


class Refused(Exception):
    """The sandbox would not: what Telegram's client would not let a person do, or a wait in vain.

    `status` is 408 for the latter.
    """

    def __init__(self, status: int, why: str) -> None:
        super().__init__(f"{status}: {why}")
        self.status = status
        self.why = why


class Sandbox:
    """One sandbox at `url`. Every method raises Refused when the sandbox says no."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def person(self, who: str | int) -> "SandboxPerson":
        """Somebody by first name or id."""
        return SandboxPerson(self, self.get(f"people/{urllib.parse.quote(str(who))}"))

    def chat(self, title: str | int) -> "SandboxChat":
        """A group by title or id; an upgraded one under its new id."""
        for found in self.get("chats"):
            if title in {found["title"], found["id"]} and found["migrated_to"] is None:
                return SandboxChat(self, found["id"])
        raise Refused(404, f"There is no chat {title}.")

    def make_chat(self, title: str, **more: Any) -> "SandboxChat":
        """A new group: creator, type ("group" or "supergroup"), people, topics, with_bot."""
        return SandboxChat(self, self.post("chats", {"title": title, **more})["id"])

    def reset(self) -> None:
        """A fresh first day."""
        self.post("reset")

    def fault(self, **fault: Any) -> None:
        """Let calls fail: method, chat_id, times, error_code, description, retry_after,
        migrate_to_chat_id, drop_after_apply, hang, delay_ms.
        """
        self.post("faults", fault)

    def flood(self, on: bool) -> None:
        """Switch Telegram's sending limits on or off."""
        self.post("flood", {"on": on})

    def advance(self, seconds: float) -> float:
        """Let time pass on the sandbox's clock; returns what it then shows (Unix seconds)."""
        return float(self.post("clock", {"advance": seconds})["now"])

    def counters(self) -> Json:
        """How much happened so far."""
        found: Json = self.get("counters")
        return found

    def calls(
        self,
        method: str | None = None,
        *,
        chat_id: int | None = None,
        after: int = 0,
        count: int = 0,
        timeout: float = 10.0,
    ) -> list[Json]:
        """Finished calls by the bot, oldest first; with `count`, waits until there are as many."""
        asked: Json = {"method": method, "chat_id": chat_id, "after": after, "count": count}
        query = {key: value for key, value in asked.items() if value is not None}
        if count:
            query["within"] = timeout
        found: list[Json] = self.get(f"calls?{urllib.parse.urlencode(query)}", timeout)
        return found

    def wait(self, chat_id: int, *, timeout: float = 10.0, **wanted: Any) -> Json:
        """The newest message that fits: text, no_text, button, no_button, sender ("bot" or an id),
        message_id, after, thread_id, edits, deleted. Refused (408) when none comes in time.
        """
        body = {"chat_id": chat_id, **wanted}
        if "sender" in body:
            body["sender"] = str(body["sender"])
        found: Json = self.post(f"wait?within={timeout}", body, timeout)
        return found

    def get(self, path: str, wait: float = 0.0) -> Any:
        """GET a path of the control API."""
        return self._ask("GET", path, None, wait)

    def post(self, path: str, body: Json | None = None, wait: float = 0.0) -> Any:
        """POST to a path of the control API."""
        return self._ask("POST", path, body or {}, wait)

    def delete(self, path: str) -> Any:
        """DELETE a path of the control API."""
        return self._ask("DELETE", path, None, 0.0)

    def _ask(self, method: str, path: str, body: Json | None, wait: float) -> Any:
        request = urllib.request.Request(
            f"{self.url}/_control/{path}",
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=wait + 20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                said = json.load(refused)
            raise Refused(refused.code, str(said.get("detail", said))) from None


class SandboxChat:
    """A chat. `id` is what the bot knows it by."""

    def __init__(self, sandbox: Sandbox, chat_id: int) -> None:
        self._sandbox = sandbox
        self.id = chat_id

    @property
    def now(self) -> Json:
        """How it stands: title, type, members, topics, the bot's rights."""
        found: Json = self._sandbox.get(f"chats/{self.id}")
        return found

    def messages(self, *, after: int = 0, deleted: bool = False) -> list[Json]:
        """What was said, oldest first, with every version of each message."""
        query = f"after={after}&deleted={str(deleted).lower()}"
        found: list[Json] = self._sandbox.get(f"chats/{self.id}/messages?{query}")
        return found

    def wait(self, *, timeout: float = 10.0, **wanted: Any) -> Json:
        """As `Sandbox.wait`, here."""
        return self._sandbox.wait(self.id, timeout=timeout, **wanted)

    def delete(self, message_id: int) -> None:
        """Somebody deletes a message; the bot is not told."""
        self._sandbox.delete(f"chats/{self.id}/messages/{message_id}")

    def bot(self, status: str, rights: list[str] | None = None, by: str = "Olga") -> None:
        """The bot becomes "administrator" (with `rights`), "member", "muted" or "kicked"."""
        body = {"status": status, "rights": rights, "by": by}
        self._sandbox.post(f"chats/{self.id}/bot", body)

    def upgrade(self, by: str = "Olga") -> "SandboxChat":
        """A basic group becomes a supergroup; the new room."""
        grown = self._sandbox.post(f"chats/{self.id}/upgrade", {"by": by})
        return SandboxChat(self._sandbox, grown["id"])

    def rename(self, title: str, by: str = "Olga") -> None:
        """A new name."""
        self._sandbox.post(f"chats/{self.id}/title", {"title": title, "by": by})

    def close_topic(self, thread_id: int, *, closed: bool = True, by: str = "Olga") -> None:
        """Close a topic of a forum, or open it again."""
        self._sandbox.post(f"chats/{self.id}/topics/{thread_id}", {"closed": closed, "by": by})

    def rename_topic(self, thread_id: int, name: str, by: str = "Olga") -> None:
        """A topic gets a new name."""
        self._sandbox.post(f"chats/{self.id}/topics/{thread_id}", {"name": name, "by": by})

    def delete_topic(self, thread_id: int) -> None:
        """A topic goes with its messages; the bot is not told."""
        self._sandbox.delete(f"chats/{self.id}/topics/{thread_id}")

    def destroy(self) -> None:
        """The owner deletes the group; the bot is not told."""
        self._sandbox.delete(f"chats/{self.id}")


class SandboxPerson:
    """A person who writes, presses and opens."""

    def __init__(self, sandbox: Sandbox, about: Json) -> None:
        self._sandbox = sandbox
        self.id = int(about["id"])
        self.name = str(about["first_name"])

    @property
    def private(self) -> SandboxChat:
        """Their private chat with the bot."""
        return SandboxChat(self._sandbox, self.id)

    def start(self, payload: str = "") -> Json:
        """Press START, with the payload of a link."""
        return self._do("start", {"payload": payload})

    def say(
        self,
        text: str,
        chat: SandboxChat | int | None = None,
        *,
        thread_id: int | None = None,
        reply_to: int | None = None,
    ) -> Json:
        """Write; to the bot when no chat is named. Returns the message."""
        body = {
            "chat_id": self._at(chat),
            "text": text,
            "thread_id": thread_id,
            "reply_to": reply_to,
        }
        return self._do("send", body)

    def tap(self, message: Json, button: str | None = None, *, timeout: float = 10.0, **place: int) -> Json:
        """Press a button by its words, or by row and col. `kind` of the result says what came:
        callback (`answer` is {"text", "show_alert"}, or None when none came in time), app (`url`),
        start (`payload`), link (`url`) or copy (`text`).
        """
        body = {
            "chat_id": message["chat_id"],
            "message_id": message["id"],
            "button": button,
            "timeout": timeout,
            **place,
        }
        return self._do("tap", body, timeout)

    def open(self, url: str, chat: SandboxChat | int | None = None) -> Json:
        """Follow a link seen in a chat; the result is as of `tap`."""
        return self._do("open", {"url": url, "chat_id": self._at(chat) if chat else None})

    def launch(self, chat: SandboxChat | int | None = None, **how: Any) -> Json:
        """Open the Mini App: path (button, menu, direct, main, profile), startapp, theme, platform,
        version, url; `age` (seconds) and `token` for data that must be refused. Returns `url`,
        `init_data` and the rest.
        """
        return self._do("launch", {"chat_id": self._at(chat) if chat else None, **how})

    def block(self, blocked: bool = True) -> None:
        """Block the bot, or unblock it."""
        self._do("block", {"blocked": blocked})

    def allow_writing(self) -> None:
        """Allow the bot to write, as the Mini App may ask."""
        self._do("write-access", {"allowed": True})

    def join(self, chat: SandboxChat | int) -> None:
        """Come into a group."""
        self._do("membership", {"chat_id": self._at(chat), "inside": True})

    def leave(self, chat: SandboxChat | int, *, by: str | None = None) -> None:
        """Leave a group; removed by another if `by` names one."""
        self._do("membership", {"chat_id": self._at(chat), "inside": False, "by": by})

    def _at(self, chat: SandboxChat | int | None) -> int:
        return self.id if chat is None else chat.id if isinstance(chat, SandboxChat) else chat

    def _do(self, verb: str, body: Json, wait: float = 0.0) -> Json:
        done: Json = self._sandbox.post(f"people/{self.id}/{verb}", body, wait)
        return done
