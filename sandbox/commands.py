"""The commands a person sees, in Telegram's order of scopes and languages (Bot API, BotCommandScope)."""

import re
from typing import Any

from sandbox.errors import bad_request
from sandbox.params import to_json
from sandbox.world import Chat, Json, World


def check_language(language: str | None) -> None:
    """Raises 400 unless it is two or three letters, empty or None."""
    if language and not re.fullmatch(r"[a-z]{2,3}", language):
        raise bad_request("BOT_COMMAND_LANG_CODE_INVALID")


def scope_key(scope: Any, language: str | None) -> str:
    """The key of `World.commands` for a scope and a language. Raises 400 for a malformed language."""
    check_language(language)
    fields: Json = to_json(scope) if scope is not None else {"type": "default"}
    parts = [str(fields["type"]), *(str(fields[k]) for k in ("chat_id", "user_id") if k in fields)]
    return ":".join([*parts, language or ""])


def visible_commands(world: World, chat: Chat, person_id: int) -> list[Json]:
    """The first list that was set, from the narrowest scope to the widest, own language first."""
    member = chat.members.get(person_id)
    is_administrator = member is not None and member.status in {"creator", "administrator"}
    if chat.type == "private":
        scopes = [f"chat:{chat.id}", "all_private_chats"]
    else:
        scopes = [
            f"chat_member:{chat.id}:{person_id}",
            *([f"chat_administrators:{chat.id}"] if is_administrator else []),
            f"chat:{chat.id}",
            *(["all_chat_administrators"] if is_administrator else []),
            "all_group_chats",
        ]
    language = world.people[person_id].language_code
    for scope in [*scopes, "default"]:
        for code in (language, ""):
            if commands := world.commands.get(f"{scope}:{code}"):
                return commands
    return []
