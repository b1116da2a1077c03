-- A class on the west coast, made by 0.3.0 when the clocks there were still to go back on 1 November 2026: Tuesdays at 18:00. The
-- second was moved to 20:00 by hand. Since newer zone data were installed somebody edited the description, and all were made again.
INSERT INTO event_series (id, account_id, title, zone, starts_local, duration_minutes, rule, made_until, created_at, updated_at)
VALUES (900001, (SELECT min(id) FROM accounts), 'West coast', 'America/Vancouver', '2026-10-06 18:00', 60, 'FREQ=WEEKLY',
    '2027-01-18 12:00+00', '2026-10-01 12:00+00', '2026-11-23 12:00+00');
INSERT INTO event_instances
    (id, account_id, series_id, code, original_start, starts_at, ends_at, edited_at, moved_from, moved_at, created_at)
SELECT 900000 + n, (SELECT min(id) FROM accounts), 900001, 'westcoast' || n, at, at, at + interval '1 hour', NULL, NULL, NULL,
    '2026-10-01 12:00+00'
FROM (VALUES (1, '2026-10-28 01:00+00'::timestamptz), (2, '2026-12-02 02:00+00'), (3, '2026-12-09 02:00+00'),
    (4, '2026-12-16 02:00+00'), (5, '2026-12-16 01:00+00')) AS dates (n, at);
UPDATE event_instances SET starts_at = '2026-12-02 04:00+00', ends_at = '2026-12-02 05:00+00', edited_at = '2026-11-20 12:00+00',
    moved_from = '2026-12-02 02:00+00', moved_at = '2026-11-20 12:00+00' WHERE id = 900002;
INSERT INTO instance_seats (instance_id, account_id) SELECT id, account_id FROM event_instances WHERE series_id = 900001;
