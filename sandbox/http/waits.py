"""What a test waits for in a chat, or among the bot's calls."""

import msgspec

from sandbox.http.serializers import button_texts
from sandbox.telegram import RecordedCall, Telegram
from sandbox.world import Message


class MessageFilter(msgspec.Struct, forbid_unknown_fields=True):
    """A message is wanted when it fits all that is given.

    `text` and `no_text` are parts of it, `button` and `no_button` the beginnings of a button's
    words, `sender` "bot" or a person's id, `after` an id it must be beyond, `edits` how often it
    was changed at least. Deleted messages count only with `deleted`.
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
        """The newest message that fits."""
        said = telegram.world.messages.get(self.chat_id, [])
        return next((one for one in reversed(said) if self._fits(telegram, one)), None)

    def _fits(self, telegram: Telegram, said: Message) -> bool:
        words = button_texts(said.keyboard)
        by = "bot" if said.sender_id == telegram.config.bot_id else str(said.sender_id)
        return (
            said.deleted == self.deleted
            and said.id > self.after
            and self.message_id in {None, said.id}
            and self.thread_id in {None, said.thread_id}
            and self.sender in {None, by, str(said.sender_id)}
            and len(said.history) - 1 >= self.edits
            and (self.text is None or self.text in said.text)
            and (self.no_text is None or self.no_text not in said.text)
            and (self.button is None or any(w.startswith(self.button) for w in words))
            and (self.no_button is None or not any(w.startswith(self.no_button) for w in words))
        )


def finished_calls(
    telegram: Telegram, method: str | None, chat_id: int | None, after: int
) -> list[RecordedCall]:
    """Finished calls, oldest first: of one method (any case), to one chat, beyond a number."""
    return [
        call
        for call in telegram.calls
        if call.done
        and call.number > after
        and (method is None or call.method.lower() == method.lower())
        and (chat_id is None or str(call.params.get("chat_id")) == str(chat_id))
    ]
