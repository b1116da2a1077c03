-- Until the step before: one whom Telegram names, one whom an organiser names, one who is both, and one who was erased and left.
ALTER TABLE memberships DISABLE TRIGGER memberships_display_name;
INSERT INTO accounts (name, zone, language, created_at) VALUES ('Names', 'UTC', 'en', now());
INSERT INTO telegram_users (telegram_id, first_name, last_name, created_at, seen_at, erased_at) VALUES
    (71, 'Väinö', 'Äijälä', now(), now(), NULL),
    (72, 'Ёлка', '', now(), now(), NULL),
    (NULL, '', '', now(), now(), now());
INSERT INTO memberships (account_id, user_id, name, role, joined_through, joined_at, checked_at, left_at)
SELECT a.id, u.id, CASE WHEN u.telegram_id = 71 OR u.erased_at IS NOT NULL THEN '' ELSE 'Someone' END, 'MEMBER', 'hand', now(), now(),
    u.erased_at
FROM accounts a, telegram_users u WHERE a.name = 'Names' AND (u.telegram_id IN (71, 72) OR u.erased_at = now());
INSERT INTO memberships (account_id, name, role, joined_through, joined_at, checked_at)
SELECT id, 'Kerttu', 'MEMBER', 'hand', now(), now() FROM accounts WHERE name = 'Names';
ALTER TABLE memberships ENABLE TRIGGER memberships_display_name;
-- Since: one who joined, with a name already.
INSERT INTO telegram_users (telegram_id, first_name, created_at, seen_at) VALUES (73, 'Zoë', now(), now());
INSERT INTO memberships (account_id, user_id, role, joined_through, joined_at, checked_at)
SELECT a.id, u.id, 'MEMBER', 'hand', now(), now() FROM accounts a, telegram_users u WHERE a.name = 'Names' AND u.telegram_id = 73;
