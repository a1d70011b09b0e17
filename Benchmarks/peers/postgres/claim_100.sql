-- The hundred oldest jobs that nobody else holds, claimed and deleted in one commit.
DELETE FROM jobs WHERE id = ANY (ARRAY(SELECT id FROM jobs ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED));
