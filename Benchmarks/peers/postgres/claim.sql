-- The oldest job that nobody else holds, claimed and deleted in one commit; its work would have to be done in between.
DELETE FROM jobs WHERE id = (SELECT id FROM jobs ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED);
