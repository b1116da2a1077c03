-- Keys without an end and with one in ten years, by an owner, by somebody who is a plain member, and by nobody.
INSERT INTO api_keys (account_id, key_hash, ending, label, role, uses_left, expires_at, created_by, created_at)
SELECT m.account_id, 'sample-' || m.id || e.label, '0000', e.label, e.role, NULL, e.expires_at, m.user_id, now() - interval '2 years'
FROM memberships m, (VALUES
    ('endless', 'MEMBER', NULL::timestamptz), ('of owners', 'OWNER', NULL), ('in ten years', 'ADMIN', now() + interval '10 years')
) AS e (label, role, expires_at)
WHERE m.user_id IS NOT NULL;
INSERT INTO api_keys (account_id, key_hash, ending, label, role, uses_left, created_at)
SELECT min(id), 'sample-server', '0000', 'Made on the server', 'OWNER', 1, now() FROM accounts;
