-- A link that waits for a plain yes: the new version asks for a number it does not have, and calls it used up.
INSERT INTO sign_ins (key_hash, browser_hash, browser, created_at, expires_at)
VALUES ('sample of a link', 'sample of a browser', 'Firefox on Linux', now(), now() + interval '5 minutes');
