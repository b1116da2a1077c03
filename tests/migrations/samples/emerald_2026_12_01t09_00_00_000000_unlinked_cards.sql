-- A group was unlinked: until now its cards went with it, and only those of other groups are left.
DELETE FROM cards WHERE group_id = (SELECT min(group_id) FROM cards);
