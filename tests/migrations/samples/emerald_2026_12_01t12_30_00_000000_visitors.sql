-- Somebody opened the link of an event, which made them a member until now.
UPDATE memberships SET joined_through = 'link' WHERE id = (SELECT max(id) FROM memberships WHERE role = 'MEMBER');
