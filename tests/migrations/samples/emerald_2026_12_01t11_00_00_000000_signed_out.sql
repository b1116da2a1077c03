-- Somebody who signed out everywhere before that was recorded: only their sessions ended.
UPDATE telegram_users SET session_version = session_version + 1 WHERE id = (SELECT min(id) FROM telegram_users);
