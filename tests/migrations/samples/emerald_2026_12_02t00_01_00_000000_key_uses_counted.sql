-- A key that two people used, and one of them joined by it.
INSERT INTO accounts (name, zone, language, created_at) VALUES ('A club with a used key', 'UTC', 'en', '2026-11-23 12:00+00');
INSERT INTO api_keys (account_id, key_hash, ending, label, role, created_at)
SELECT id, 'used', 'beef', 'Used', 'MEMBER', created_at FROM accounts WHERE name = 'A club with a used key';
INSERT INTO memberships (account_id, user_id, role, joined_through, joined_at, checked_at)
SELECT a.id, u.id, 'MEMBER', 'key', a.created_at, a.created_at FROM accounts a, (SELECT min(id) AS id FROM telegram_users) u
WHERE a.name = 'A club with a used key' AND u.id IS NOT NULL;
INSERT INTO audit_log (account_id, user_id, verb, object, detail, at)
SELECT k.account_id, (SELECT min(id) FROM telegram_users), 'use', 'api key ' || k.id, '{}', k.created_at FROM api_keys k
WHERE k.label = 'Used';
