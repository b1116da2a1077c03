"""Filters for the messages and calls that tests wait for."""

import msgspec

from sandbox.http.serializers import button_texts
from sandbox.telegram import RecordedCall, Telegram
from sandbox.world import Message


class MessageFilter(msgspec.Struct, forbid_unknown_fields=True):
    """Matches the messages that satisfy every field that is set.

    `text` and `no_text` are parts of the text, `button` and `no_button` the beginning of a button's
    text, `sender` is "bot" or a person's id, `after` an id that the message's id exceeds, `edits`
    the least number of edits. Deleted messages match only with `deleted`.
    """

    chat_id: int
    text: str | None = None
    no_text: str | None = None
    button: str | None = None
    no_button: str | None = None
    sender: str | None = None
    message_id: int | None = None
    after: int = 0
    thread_id: int | None = None
    edits: int = 0
    deleted: bool = False

    def find(self, telegram: Telegram) -> Message | None:
        """The newest message that matches."""
        messages = telegram.world.messages.get(self.chat_id, [])
        return next((message for message in reversed(messages) if self._matches(telegram, message)), None)

    def _matches(self, telegram: Telegram, message: Message) -> bool:
        texts = button_texts(message.keyboard)
        sender = "bot" if message.sender_id == telegram.config.bot_id else str(message.sender_id)
        return (
            message.deleted == self.deleted
            and message.id > self.after
            and self.message_id in {None, message.id}
            and self.thread_id in {None, message.thread_id}
            and self.sender in {None, sender, str(message.sender_id)}
            and len(message.history) - 1 >= self.edits
            and (self.text is None or self.text in message.text)
            and (self.no_text is None or self.no_text not in message.text)
            and (self.button is None or any(t.startswith(self.button) for t in texts))
            and (self.no_button is None or not any(t.startswith(self.no_button) for t in texts))
        )


def finished_calls(
    telegram: Telegram, method: str | None, chat_id: int | None, after: int
) -> list[RecordedCall]:
    """Finished calls, oldest first: of one method (in any case), to one chat, numbered above `after`."""
    return [
        call
        for call in telegram.calls
        if call.done
        and call.number > after
        and (method is None or call.method.lower() == method.lower())
        and (chat_id is None or str(call.params.get("chat_id")) == str(chat_id))
    ]
