-- Seats as they were written before: nobody has been notified of a part.
UPDATE instance_seats SET version = version + 1 WHERE instance_id % 3 = 0;
