#!/usr/bin/env bash
# A message copied by a bot links to another address: …?free&gt=5 becomes …?free>=5.
#
# html_text (aiogram) and text_html (python-telegram-bot) turn a message with its entities into the HTML that Telegram
# reads. Both leave the & of a link's address as it is, and Telegram's reader takes &lt, &gt, &amp and &quot for
# characters even without a semicolon. So parameters of those names are lost; the same address in MarkdownV2 stays
# whole.
#
# Seen with aiogram 3.31.0, python-telegram-bot 22.8 and TDLib 1.8.69 (tdjson), which the Bot API server is made of:
#   aiogram, HTML: https://example.org/seats?free>=5
#   aiogram, MarkdownV2: https://example.org/seats?free&gt=5
#   python-telegram-bot, HTML: https://example.org/seats?free>=5
#   python-telegram-bot, MarkdownV2: https://example.org/seats?free&gt=5
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

MARKDOWN_V2 = {"@type": "textParseModeMarkdown", "version": 2}
HTML = {"@type": "textParseModeHTML"}
LINK = {"type": "text_link", "offset": 0, "length": 5, "url": "https://example.org/seats?free&gt=5"}
MESSAGE = {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}, "text": "seats", "entities": [LINK]}


def execute(request):
    return json.loads(tdjson.td_execute(json.dumps(request).encode()))


def show(name, text, mode):
    [entity] = execute({"@type": "parseTextEntities", "text": text, "parse_mode": mode})["entities"]
    print(f"{name}: {entity['type']['url']}")


execute({"@type": "setLogVerbosityLevel", "new_verbosity_level": 0})
message = aiogram.types.Message.model_validate(MESSAGE)
show("aiogram, HTML", message.html_text, HTML)
show("aiogram, MarkdownV2", message.md_text, MARKDOWN_V2)
message = telegram.Message.de_json(MESSAGE, None)
show("python-telegram-bot, HTML", message.text_html, HTML)
show("python-telegram-bot, MarkdownV2", message.text_markdown_v2, MARKDOWN_V2)
PYTHON
)
echo "$seen"
diff <(echo "$seen") - <<'EXPECTED'
aiogram, HTML: https://example.org/seats?free>=5
aiogram, MarkdownV2: https://example.org/seats?free&gt=5
python-telegram-bot, HTML: https://example.org/seats?free>=5
python-telegram-bot, MarkdownV2: https://example.org/seats?free&gt=5
EXPECTED
