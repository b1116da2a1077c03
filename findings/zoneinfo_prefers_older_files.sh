#!/usr/bin/env bash
# A newer tzdata package changes nothing beside older zone files.
#
# zoneinfo reads the folders of TZPATH first and the package tzdata only for zones that are in none of them, whatever the
# versions are. So "tzdata>=2026.6" in a lock file does not bring British Columbia's new clocks (-07 all year from 2026) to
# a machine whose own files are of 2025. Here the files of tzdata 2025.2 stand for those of the machine.
#
# Seen with CPython 3.11, tzdata 2026.6 installed, for Vancouver on 1 December 2026:
#   package alone: 2026-12-01T18:00:00-07:00
#   beside older files: 2026-12-01T18:00:00-08:00
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install -q --disable-pip-version-check tzdata==2026.6
"$folder/bin/pip" install -q --disable-pip-version-check --target "$folder/older" tzdata==2025.2

show() {
    "$folder/bin/python" - <<'PYTHON'
from datetime import datetime
from zoneinfo import ZoneInfo

print(datetime(2026, 12, 1, 18, tzinfo=ZoneInfo("America/Vancouver")).isoformat())
PYTHON
}

seen="package alone: $(PYTHONTZPATH='' show)"
seen+=$'\n'"beside older files: $(PYTHONTZPATH="$folder/older/tzdata/zoneinfo" show)"
echo "$seen"
diff <(echo "$seen") - <<'EXPECTED'
package alone: 2026-12-01T18:00:00-07:00
beside older files: 2026-12-01T18:00:00-08:00
EXPECTED
