"""Which commands a person sees: Telegram's own order of scopes and languages."""

import re
from typing import Any

from sandbox.errors import bad_request
from sandbox.params import to_json
from sandbox.world import Chat, Json, World


def check_language(language: str | None) -> None:
    """Two letters (or three) or nothing; raises 400."""
    if language and not re.fullmatch(r"[a-z]{2,3}", language):
        raise bad_request("BOT_COMMAND_LANG_CODE_INVALID")


def scope_key(scope: Any, language: str | None) -> str:
    """Where a list of commands is kept."""
    check_language(language)
    shape: Json = to_json(scope) if scope is not None else {"type": "default"}
    parts = [str(shape["type"]), *(str(shape[k]) for k in ("chat_id", "user_id") if k in shape)]
    return ":".join([*parts, language or ""])


def visible_commands(world: World, room: Chat, person_id: int) -> list[Json]:
    """The first list that was set, from the narrowest scope to the widest, own language first."""
    member = room.members.get(person_id)
    leads = member is not None and member.status in {"creator", "administrator"}
    if room.type == "private":
        scopes = [f"chat:{room.id}", "all_private_chats"]
    else:
        scopes = [
            f"chat_member:{room.id}:{person_id}",
            *([f"chat_administrators:{room.id}"] if leads else []),
            f"chat:{room.id}",
            *(["all_chat_administrators"] if leads else []),
            "all_group_chats",
        ]
    language = world.people[person_id].language_code
    for scope in [*scopes, "default"]:
        for spoken in (language, ""):
            if found := world.commands.get(f"{scope}:{spoken}"):
                return found
    return []
