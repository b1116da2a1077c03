-- A card whose group was unlinked since the step before; the version before wrote none like it.
INSERT INTO cards (account_id, instance_id, chat_id, message_id, state, digest, shown_version, next_try_at, attempts, error, created_at)
SELECT account_id, id, -1009, 9, 'unlinked', '', -1, created_at, 0, '', created_at FROM event_instances ORDER BY id LIMIT 1;
