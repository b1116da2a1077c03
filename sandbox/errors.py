"""Errors of the two APIs: Telegram's Bot API, and the control API for tests and the page."""

from typing import Any


class BotApiError(Exception):
    """An error of the Bot API: becomes `{"ok": false, …}` with `code` as HTTP status too."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def body(self) -> dict[str, Any]:
        """The JSON Telegram answers with, `parameters` only when there are any."""
        body: dict[str, Any] = {
            "ok": False,
            "error_code": self.code,
            "description": self.description,
        }
        if self.parameters:
            body["parameters"] = self.parameters
        return body


class AnswerDropped(Exception):
    """The call was applied, but a fault demands that its answer gets lost.

    `result` is that answer; with `hang` the connection stays open instead of breaking.
    """

    def __init__(self, result: Any, *, hang: bool) -> None:
        super().__init__(result)
        self.result = result
        self.hang = hang


class ControlError(Exception):
    """An error of the control API, mostly: Telegram's own client would not let a person do this.

    `reason` is a sentence for people, `status` the HTTP status.
    """

    def __init__(self, reason: str, status: int = 409) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


def bad_request(reason: str, **parameters: Any) -> BotApiError:
    """400, worded as Telegram words it."""
    return BotApiError(400, f"Bad Request: {reason}", **parameters)


def forbidden(reason: str) -> BotApiError:
    """403: the bot may not reach this person or chat."""
    return BotApiError(403, f"Forbidden: {reason}")
