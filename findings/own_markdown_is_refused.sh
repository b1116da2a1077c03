#!/usr/bin/env bash
# Telegram refuses the MarkdownV2 that two bot libraries make of a message it has sent itself.
#
# md_text (aiogram) and text_markdown_v2 (python-telegram-bot) write a message with its entities as MarkdownV2, to be
# sent on. aiogram does not escape the ) of a link's address; python-telegram-bot lets the _ of italic stand beside the
# __ of underline, which Telegram always reads from the left. The HTML of both is accepted.
#
# Seen with aiogram 3.31.0, python-telegram-bot 22.8 and TDLib 1.8.69 (tdjson), which the Bot API server is made of:
#   aiogram, address with brackets: refused
#   aiogram, italic before underline: accepted
#   python-telegram-bot, address with brackets: accepted
#   python-telegram-bot, italic before underline: refused
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install -q --disable-pip-version-check aiogram==3.31.0 python-telegram-bot==22.8 tdjson==1.8.69

seen=$("$folder/bin/python" - <<'PYTHON'
import json

import aiogram.types
import tdjson
import telegram

MESSAGES = {
    "address with brackets": (
        "Yoga, in the club",
        [{"type": "text_link", "offset": 0, "length": 4, "url": "https://example.org/Yoga_(class)"}],
    ),
    "italic before underline": (
        "latecomers wait",
        [{"type": "italic", "offset": 0, "length": 4}, {"type": "underline", "offset": 4, "length": 6}],
    ),
}


def execute(request):
    return json.loads(tdjson.td_execute(json.dumps(request).encode()))


def show(name, markdown, text):
    mode = {"@type": "textParseModeMarkdown", "version": 2}
    answer = execute({"@type": "parseTextEntities", "text": markdown, "parse_mode": mode})
    if answer["@type"] == "error":
        print(f"{name}: refused")
    else:
        assert answer["text"].replace("\r", "") == text  # which Telegram takes out afterwards
        print(f"{name}: accepted")


execute({"@type": "setLogVerbosityLevel", "new_verbosity_level": 0})
for library in ("aiogram", "python-telegram-bot"):
    for name, (text, entities) in MESSAGES.items():
        sent = {
            "message_id": 1,
            "date": 1,
            "chat": {"id": 1, "type": "private"},
            "text": text,
            "entities": entities,
        }
        if library == "aiogram":
            markdown = aiogram.types.Message.model_validate(sent).md_text
        else:
            markdown = telegram.Message.de_json(sent, None).text_markdown_v2
        show(f"{library}, {name}", markdown, text)
PYTHON
)
echo "$seen"
diff <(echo "$seen") - <<'EXPECTED'
aiogram, address with brackets: refused
aiogram, italic before underline: accepted
python-telegram-bot, address with brackets: accepted
python-telegram-bot, italic before underline: refused
EXPECTED
