-- Who left before, of themselves or not: nobody knows which, and nobody is kept out.
UPDATE memberships SET left_at = joined_at + interval '1 day' WHERE role = 'MEMBER' AND id % 3 = 0;
