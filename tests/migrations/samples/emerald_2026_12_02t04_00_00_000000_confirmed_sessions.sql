-- A column that may be null: no row is changed.
SELECT 1;
