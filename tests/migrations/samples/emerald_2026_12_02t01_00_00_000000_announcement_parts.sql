-- Columns that are empty in every row that was there before.
SELECT 1;
