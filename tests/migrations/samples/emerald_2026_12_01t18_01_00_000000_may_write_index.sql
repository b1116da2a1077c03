-- An index: no row is changed.
SELECT 1;
