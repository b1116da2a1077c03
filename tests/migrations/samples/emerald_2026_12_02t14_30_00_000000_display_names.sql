-- A new column: no row is changed.
SELECT 1;
