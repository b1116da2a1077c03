-- Every group of before has none: its cards go to General, as they did.
SELECT 1 / count(*) FROM groups;
