-- A new table: no row of before can be in its way.
SELECT 1;
