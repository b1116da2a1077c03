-- Indexes: dates without a wall clock may be as many as they like in one series.
SELECT 1;
