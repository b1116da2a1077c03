-- A club of before keeps everything.
INSERT INTO accounts (name, zone, language, created_at) VALUES ('Keeps all', 'UTC', 'en', now());
