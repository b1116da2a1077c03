-- An update that the version before has claimed: it is never claimed again.
INSERT INTO telegram_updates (bot_id, update_id, seen_at) VALUES (42, 990001, now());
