-- A poll about dates of a club whose clocks go by new rules: only the instants of its options are known.
INSERT INTO polls (id, account_id, code, question, kind, choices_max, anonymous, results, created_at)
VALUES (900001, (SELECT min(id) FROM accounts), 'westcoastpoll', 'When?', 'dates', 2, false, 'live', '2026-11-23 12:00+00');
INSERT INTO poll_tallies (poll_id, account_id) VALUES (900001, (SELECT min(id) FROM accounts));
INSERT INTO poll_options (id, account_id, poll_id, position, text, starts_at)
SELECT 900000 + n, (SELECT min(id) FROM accounts), 900001, n, '', at
FROM (VALUES (1, '2027-01-10 16:00+00'::timestamptz), (2, '2027-01-10 17:00+00')) AS dates (n, at);
INSERT INTO poll_option_tallies (option_id, account_id)
SELECT id, account_id FROM poll_options WHERE poll_id = 900001;
