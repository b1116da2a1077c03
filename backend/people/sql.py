"""Conditions and columns that many queries share, where `u` is `telegram_users` and `m` is `memberships`.

Organisers may know members without Telegram, by a name of the membership: of those `u` is a row of NULLs.
"""

# How somebody is called in full: the name that an organiser gave them, else their own; "" when they were
# erased.
DISPLAY_NAME = "coalesce(nullif(m.name, ''), trim(u.first_name || ' ' || u.last_name), '')"

# What Telegram says that somebody is called in full.
FULL_NAME = "trim(u.first_name || ' ' || u.last_name)"

# What other members see of somebody: a first name, and an initial where two share it (`people.names`).
SHORT_NAME = "coalesce(nullif(u.first_name, ''), m.name)"

# Whether the bot may write to somebody (`M3`); false, never NULL, for members without Telegram.
REACHABLE = "(u.may_write_at IS NOT NULL AND u.blocked_at IS NULL)"
