"""What goes wrong, in the two languages spoken here."""

from typing import Any


class BotApiError(Exception):
    """A refusal by the Bot API: becomes `{"ok": false, …}` with the same HTTP status."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def body(self) -> dict[str, Any]:
        """The JSON Telegram answers with; `parameters` only when there are any."""
        answer: dict[str, Any] = {
            "ok": False,
            "error_code": self.code,
            "description": self.description,
        }
        if self.parameters:
            answer["parameters"] = self.parameters
        return answer


class AnswerDropped(Exception):
    """The call was applied, but its answer must get lost on the way (a fault asked for that)."""


class ControlError(Exception):
    """A person tried what Telegram's own client would not let them do."""

    def __init__(self, why: str, status: int = 409) -> None:
        super().__init__(why)
        self.why = why
        self.status = status


def bad_request(why: str, **parameters: Any) -> BotApiError:
    """400, worded as Telegram words it."""
    return BotApiError(400, f"Bad Request: {why}", **parameters)


def forbidden(why: str) -> BotApiError:
    """403: the bot may not reach this person or chat."""
    return BotApiError(403, f"Forbidden: {why}")
