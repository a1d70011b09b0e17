-- W1, one run: its two calls inserted and settled, three commits and as many round trips. The run itself waits already.
\set run :run + 1
\set root :client_id * :runs + :run
\startpipeline
INSERT INTO rows SELECT r, r, 1, r * 4 + 1, 1, NULL, 1, 0, 0, 1700000000000, NULL, 1, 1, 77, r::text::bytea, NULL
FROM (VALUES (:root::bigint)) AS _ (r);
\endpipeline
\startpipeline
UPDATE rows SET state = 3, settled = 1700000000001, result = (2 * :root::bigint)::text::bytea
WHERE root = :root AND run = :root AND step = 1;
INSERT INTO rows SELECT r, r, 2, r * 4 + 2, 1, NULL, 1, 0, 0, 1700000000000, NULL, 1, 1, 77, (2 * r)::text::bytea, NULL
FROM (VALUES (:root::bigint)) AS _ (r);
\endpipeline
\startpipeline
UPDATE rows SET state = 3, settled = 1700000000001, result = (4 * :root::bigint)::text::bytea
WHERE root = :root AND run = :root AND step IN (2, 0);
\endpipeline
