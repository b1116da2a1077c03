"""People, chats and messages: plain data that is saved as JSON and read again (`state_file`).

The names of the fields are the keys of that file: they stay as they are.
"""

from typing import Any, Literal

import msgspec

Json = dict[str, Any]
Keyboard = list[list[Json]]

INSIDE_STATUSES = frozenset({"creator", "administrator", "member", "restricted"})
ADMIN_RIGHTS = (
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_send_welcome_messages",
    "can_pin_messages",
    "can_manage_topics",
)
GENERAL_TOPIC_ID = 1  # the topic every forum has; a call addresses it by leaving the topic out


class Person(msgspec.Struct):
    """A person with a Telegram account. `about` and `hue` are only for the page."""

    id: int
    first_name: str
    last_name: str = ""
    username: str = ""
    language_code: str = "en"
    about: str = ""
    hue: int = 7
    # The bot may write to a person who pressed Start, or allowed it in the Mini App.
    may_be_written_to: bool = False
    blocks_bot: bool = False
    # To a bot, a person it never met is "chat not found" (400), not "can't initiate conversation" (403).
    met_bot: bool = False
    storage: dict[str, str] = msgspec.field(default_factory=dict)


class Topic(msgspec.Struct):
    """A topic of a forum; its id is the id of the service message that created it."""

    id: int
    name: str
    closed: bool = False
    icon_color: int = 0x6FB9F0


class Membership(msgspec.Struct):
    """The status of a person, or of the bot, in a chat. `rights` are those of an administrator."""

    status: Literal["creator", "administrator", "member", "restricted", "left", "kicked"]
    rights: list[str] = msgspec.field(default_factory=list)
    can_send: bool = True

    @property
    def is_inside(self) -> bool:
        """Whether they are in the chat, with whatever rights."""
        return self.status in INSIDE_STATUSES


class Chat(msgspec.Struct):
    """A group or a private chat with the bot (then its id is the person's)."""

    id: int
    type: Literal["private", "group", "supergroup"]
    title: str = ""
    emoji: str = ""
    hue: int = 7
    instance: str = ""
    is_forum: bool = False
    topics: dict[int, Topic] = msgspec.field(default_factory=dict)
    members: dict[int, Membership] = msgspec.field(default_factory=dict)
    bot: Membership = msgspec.field(default_factory=lambda: Membership("left"))
    met_bot: bool = False
    migrated_to: int | None = None
    destroyed: bool = False
    next_message_id: int = 1
    pinned: int | None = None


class MessageVersion(msgspec.Struct):
    """The content of a message from `at` (Unix seconds, with fractions) until the next version."""

    at: float
    text: str
    entities: list[Json]
    keyboard: Keyboard | None


class Document(msgspec.Struct):
    """An uploaded file with its whole content."""

    file_name: str
    mime_type: str
    content: bytes


class Message(msgspec.Struct):
    """One message. With a document, `text` is the caption. `history` has every version, the latest last."""

    id: int
    chat_id: int
    sender_id: int
    at: float
    text: str = ""
    entities: list[Json] = msgspec.field(default_factory=list)
    keyboard: Keyboard | None = None
    thread_id: int | None = None
    edited_at: float | None = None
    reply_to: int | None = None
    service: Json | None = None
    via_bot: bool = False
    # Of an ephemeral message: who alone sees it, their command to the bot or the bot's answer. Its id is that of the message.
    seen_by: int = 0
    # Of a message with buttons that was sent by inline mode: taps on it name no chat, and the bot edits it by this.
    inline_id: str = ""
    deleted: bool = False
    document: Document | None = None
    history: list[MessageVersion] = msgspec.field(default_factory=list)

    def record(self, at: float) -> None:
        """Add the present content to the history."""
        self.history.append(MessageVersion(at, self.text, self.entities, self.keyboard))


class PendingUpdate(msgspec.Struct):
    """An update the bot has not received yet. Updates of one `queue` keep their order."""

    update_id: int
    kind: str
    body: Json
    queue: str
    at: float


class Webhook(msgspec.Struct):
    """Where updates are pushed to. Without `url` the bot fetches them (getUpdates)."""

    url: str = ""
    secret: str = ""
    max_connections: int = 40
    last_error_date: int | None = None
    last_error_message: str = ""


class PreparedMessage(msgspec.Struct):
    """A message that the bot prepared for one person to share (savePreparedInlineMessage)."""

    id: str
    user_id: int
    expires_at: float
    result: Json
    kinds: list[str]


class World(msgspec.Struct):
    """Everything that survives a restart."""

    people: dict[int, Person] = msgspec.field(default_factory=dict)
    chats: dict[int, Chat] = msgspec.field(default_factory=dict)
    messages: dict[int, list[Message]] = msgspec.field(default_factory=dict)
    # Private chats and basic groups number their messages together, a supergroup its own.
    next_message_id: int = 1
    next_update_id: int = 100_000_001
    pending: list[PendingUpdate] = msgspec.field(default_factory=list)
    allowed_updates: list[str] = msgspec.field(default_factory=list)
    webhook: Webhook = msgspec.field(default_factory=Webhook)
    commands: dict[str, list[Json]] = msgspec.field(default_factory=dict)
    menu_buttons: dict[int, Json] = msgspec.field(default_factory=dict)
    descriptions: dict[str, str] = msgspec.field(default_factory=dict)
    short_descriptions: dict[str, str] = msgspec.field(default_factory=dict)
    prepared: dict[str, PreparedMessage] = msgspec.field(default_factory=dict)
    first_callback_id: int = 4_100_000_000_000_001
    # As @BotFather sets them: whether people can type the bot's name in any chat, and whether it is told what they chose.
    inline_mode: bool = True
    inline_feedback: bool = True
    # False: a Bot API server older than 10.2, which ignores what it does not know.
    knows_ephemeral: bool = True
    inline_messages: dict[str, list[int]] = msgspec.field(default_factory=dict)  # chat and message of each
