# Sourced by bin/upgrade and bin/rollback: the processes of docker-compose.prod.yml, replaced one by one.
# shellcheck shell=bash

env_file=${ENV_FILE:-.env.prod}
ready_tries=${READY_TRIES:-60} ready_pause=${READY_PAUSE:-2} # two minutes for a process to become ready

say() { printf '── %s\n' "$*"; }
fail() {
    printf 'Failed: %s\n' "$*" >&2
    exit 1
}

# docker compose, or docker-compose where docker has no such plugin: on today's engines 1.29 cannot replace a container. COMPOSE
# names another.
dc() {
    if [ -z "${COMPOSE:-}" ]; then
        COMPOSE="docker compose"
        docker compose version >/dev/null 2>&1 || COMPOSE=docker-compose
    fi
    $COMPOSE -f docker-compose.prod.yml --env-file "$env_file" "$@"
}

# The value of a variable in the file of settings; nothing when it is not there.
setting() { sed -n "s/^$1=//p" "$env_file" | tail -n 1; }

# Put a variable into the file of settings, in place of the one there, and keep the file's mode.
keep_setting() {
    local changed
    changed=$(grep -v "^$1=" "$env_file" || true)
    printf '%s\n%s=%s\n' "$changed" "$1" "$2" >"$env_file"
}

image_of() { printf '%s:%s' "$(setting IMAGE | grep . || echo booking-system)" "$1"; }

is_running() { [ -n "$(dc ps -q "$1" 2>/dev/null)" ]; }

# Wait until a web process has all it needs: database, migrations, worker.
await_ready() {
    local ask="import os, urllib.request as u; u.urlopen('http://127.0.0.1:%s/ready' % (os.environ.get('PORT') or 3000), timeout=5)"
    for ((try = 1; try <= ready_tries; try++)); do
        if dc exec -T "$1" python -c "$ask" >/dev/null 2>&1; then
            say "$1 is ready"
            return 0
        fi
        sleep "$ready_pause"
    done
    dc logs --tail 30 "$1" >&2 || true
    return 1
}

# Start VERSION (exported) in every process. The first web process is replaced while the second answers.
replace_processes() {
    local has_second=no
    is_running app-2 && has_second=yes
    say "A web process of $VERSION starts beside those that run"
    dc up -d --no-deps app-2
    if ! await_ready app-2; then
        if [ "$has_second" = no ]; then dc rm --stop --force app-2; fi
        fail "the new web process did not become ready. What ran before still runs; see the log above."
    fi
    say "The first web process finishes what it has begun, and is replaced"
    dc up -d --no-deps app
    await_ready app || fail "the first web process did not become ready. The second one answers: look at the log, then bin/rollback."
    say "The worker, and what runs beside it"
    dc up -d --no-deps worker
    for service in bot backup; do
        if is_running "$service"; then dc up -d --no-deps "$service"; fi
    done
    await_ready app || fail "nothing is ready since the worker was replaced: look at its log, then bin/rollback."
    dc up -d --no-deps nginx
    if [ "$has_second" = no ]; then dc rm --stop --force app-2; fi
}
