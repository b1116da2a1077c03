INSERT INTO accounts (name, zone, language, created_at) VALUES ('A club before it could be closed', 'UTC', 'en', '2026-11-23 12:00+00');
