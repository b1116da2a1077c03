-- Indexes: no row is changed.
SELECT 1;
