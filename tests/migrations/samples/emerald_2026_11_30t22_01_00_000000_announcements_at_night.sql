-- An announcement that waits for the morning, as all did.
INSERT INTO announcements (id, account_id, text, maintenance, to_members, state, due_at, created_at, fanned_out_to, unreachable, unwanted)
VALUES (910001, (SELECT min(id) FROM accounts), 'The hall is closed.', false, true, 'sending', '2026-11-23 21:00+00',
    '2026-11-23 21:00+00', 0, 0, 0);
