-- A new table: no row is changed.
SELECT 1;
