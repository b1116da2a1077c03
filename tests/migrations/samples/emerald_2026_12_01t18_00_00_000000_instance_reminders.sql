-- New tables: no row is changed.
SELECT 1;
