# What bin/run, bin/test and bin/emerald have in common: the virtual environment. Sourced, with $root set.

fail() { # print one plain sentence and exit
    printf '%s\n' "$*" >&2
    exit 1
}

is_recent() { # $1 is a Python of 3.11 or newer
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14 python; do
        if command -v "$name" >/dev/null 2>&1 && is_recent "$name"; then
            command -v "$name"
            return
        fi
    done
    found=$(python3 --version 2>/dev/null || echo "no Python")
    fail "Emerald needs Python 3.11 or newer, but this machine has $found:" \
        "install one (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python)," \
        "or name it, like PYTHON=/opt/python3.12/bin/python3 $0."
}

make_environment() {
    rm -rf "$venv"
    if "$python" -m venv "$venv" >"$log" 2>&1; then return; fi
    # Debian and Ubuntu have this part of Python in a separate package; root may install it.
    rm -rf "$venv"
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        version=$("$python" -c 'import sys; print("python3.%d-venv" % sys.version_info[1])')
        for package in "$version" python3-venv; do
            { apt-get update && apt-get install -y --no-install-recommends "$package"; } >>"$log" 2>&1 || continue
            if "$python" -m venv "$venv" >>"$log" 2>&1; then return; fi
            rm -rf "$venv"
        done
    fi
    fail "$python cannot make a virtual environment: install its venv module" \
        "(Debian, Ubuntu: sudo apt install python3-venv) and try again; see $log."
}

show_progress() { # pip's lines, shortened, each over the last; only on a terminal
    if [ -t 1 ]; then
        while IFS= read -r line; do
            printf '%s\n' "$line" >>"$log"
            printf '\r\033[K  %.70s' "$line"
        done
        printf '\r\033[K'
    else
        cat >>"$log"
    fi
}

# The virtual environment with everything that the lock file $1 lists. A stamp records what was installed, so that a second
# start installs nothing.
prepare() {
    lock="$root/$1"
    venv="$root/.venv"
    log="$venv.log"
    stamp="$venv/installed-$1"
    if [ -x "$venv/bin/python" ] && is_recent "$venv/bin/python"; then
        if cmp -s "$lock" "$stamp"; then return; fi
        # The lock of the tests includes that of the product.
        if [ "$1" = requirements.lock ] &&
            cmp -s "$root/requirements-dev.lock" "$venv/installed-requirements-dev.lock"; then return; fi
    fi
    if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1 || ! is_recent "$venv/bin/python"; then
        python=$(find_python) || exit 1
        printf '· python     %s\n' "$("$python" --version 2>&1 | cut -d ' ' -f 2), in .venv"
        make_environment
    fi
    printf '· libraries  being installed from %s; the first time takes a minute\n' "$1"
    : >"$log"
    set +e
    # --no-deps: the lock is complete, and older pips stumble over `pydantic[email]` when they look for more.
    "$venv/bin/python" -m pip install --disable-pip-version-check --no-input --progress-bar off \
        --require-hashes --no-deps --prefer-binary --requirement "$lock" 2>&1 </dev/null | show_progress
    code=${PIPESTATUS[0]}
    set -e
    if [ "$code" -ne 0 ]; then
        if grep -iE "fail|error|no such|unable|not found" "$log" | grep -qiwE "gcc|g\+\+|clang|cc|cc1|python\.h|compiler"; then
            fail "A library has to be compiled for this machine, but the compiler is missing: install one" \
                "(Debian, Ubuntu: sudo apt install build-essential python3-dev; macOS: xcode-select --install)" \
                "and try again; see $log."
        elif grep -qiE "no space left" "$log"; then
            fail "The disk is full: make room for 600 MB and try again; see $log."
        elif grep -qiE "do not match the hashes" "$log"; then
            fail "A library that arrived is not the one $1 names, so nothing was installed; see $log."
        elif grep -qiE "connection|timed out|resolution|network|max retries" "$log"; then
            fail "The package registry cannot be reached: check the network and try again; see $log."
        fi
        fail "The libraries could not be installed: $(grep -iE '^ERROR' "$log" | tail -n 1 | cut -c 1-200); see $log."
    fi
    cp "$lock" "$stamp"
}

# Barman, which makes backups: in an environment of its own inside ours, for it is never imported. Without it everything but
# backups works.
prepare_barman() {
    if cmp -s "$root/requirements-backup.lock" "$root/.venv/barman/installed"; then return; fi
    rm -rf "$root/.venv/barman"
    if "$root/.venv/bin/python" -m venv "$root/.venv/barman" >>"$root/.venv.log" 2>&1 &&
        "$root/.venv/barman/bin/python" -m pip install --disable-pip-version-check --no-input --quiet --require-hashes --no-deps \
            --only-binary :all: --requirement "$root/requirements-backup.lock" >>"$root/.venv.log" 2>&1 </dev/null; then
        cp "$root/requirements-backup.lock" "$root/.venv/barman/installed"
    else
        printf 'Barman could not be installed, so there are no backups; see %s.\n' "$root/.venv.log" >&2
    fi
}

# Variables of .env that are not set already; its lines are read, never run.
read_env() {
    [ -f "$root/.env" ] || return 0
    while IFS= read -r line || [ -n "$line" ]; do
        line=${line%$'\r'}
        if [[ $line =~ ^[[:space:]]*(export[[:space:]]+)?([A-Z_][A-Z0-9_]*)=(.*)$ ]]; then
            name=${BASH_REMATCH[2]} value=${BASH_REMATCH[3]}
            case $value in
                \"*\") value=${value#\"} value=${value%\"} ;;
                \'*\') value=${value#\'} value=${value%\'} ;;
            esac
            [ -n "${!name+set}" ] || export "$name=$value"
        fi
    done <"$root/.env"
}
