-- A worker of 0.3.0 has run its jobs; a newer one was started before this step and has registered two of its own already.
INSERT INTO schedule (name, next_run_at, last_run_at, error, epoch) VALUES
    ('make the dates of the weeks ahead', '2026-11-24 03:00+00', '2026-11-23 03:00+00', '', 41),
    ('complete what has ended', '2026-11-23 12:01+00', '2026-11-23 12:00+00', '', 7),
    ('announce what is near', '2026-11-23 12:01+00', '2026-11-23 12:00+00', '', 7),
    ('remind who is booked', '2026-11-23 12:01+00', '2026-11-23 12:00+00', 'Busy', 7),
    ('finish erasing people', '2026-11-23 13:00+00', '2026-11-23 12:00+00', '', 7),
    ('seat regulars', '2026-11-23 12:10+00', '2026-11-23 12:00+00', '', 7),
    ('announce instances', '2026-11-23 12:00+00', NULL, '', 0),
    ('finish erasures', '2026-11-23 12:00+00', NULL, '', 0)
ON CONFLICT (name) DO NOTHING;
