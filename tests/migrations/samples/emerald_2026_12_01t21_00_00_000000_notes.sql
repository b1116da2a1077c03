-- A column with a default, in both tables: no row is changed.
SELECT 1;
