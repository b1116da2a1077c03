-- New columns: no row is changed.
SELECT 1;
