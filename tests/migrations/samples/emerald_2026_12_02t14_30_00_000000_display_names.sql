-- One whom Telegram names, one whom an organiser names, one who is both, and one who was erased and left.
INSERT INTO accounts (name, zone, language, created_at) VALUES ('Names', 'UTC', 'en', now());
INSERT INTO telegram_users (telegram_id, first_name, last_name, created_at, seen_at, erased_at) VALUES
    (71, 'Väinö', 'Äijälä', now(), now(), NULL),
    (72, 'Ёлка', '', now(), now(), NULL),
    (NULL, '', '', now(), now(), now());
INSERT INTO memberships (account_id, user_id, name, role, joined_through, joined_at, checked_at, left_at)
SELECT a.id, u.id, CASE WHEN u.telegram_id = 71 THEN '' ELSE 'Someone' END, 'MEMBER', 'hand', now(), now(), u.erased_at
FROM accounts a, telegram_users u WHERE a.name = 'Names';
INSERT INTO memberships (account_id, name, role, joined_through, joined_at, checked_at)
SELECT id, 'Kerttu', 'MEMBER', 'hand', now(), now() FROM accounts WHERE name = 'Names';
