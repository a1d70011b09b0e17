-- W1, 256 runs a commit: the same rows in sets, three commits for all of them.
\set last :last + 256
\startpipeline
INSERT INTO rows SELECT r, r, 1, r * 4 + 1, 1, NULL, 1, 0, 0, 1700000000000, NULL, 1, 1, 77, r::text::bytea, NULL
FROM generate_series(:last::bigint - 255, :last) AS r;
\endpipeline
\startpipeline
UPDATE rows SET state = 3, settled = 1700000000001, result = (2 * root)::text::bytea
WHERE root BETWEEN :last::bigint - 255 AND :last AND step = 1;
INSERT INTO rows SELECT r, r, 2, r * 4 + 2, 1, NULL, 1, 0, 0, 1700000000000, NULL, 1, 1, 77, (2 * r)::text::bytea, NULL
FROM generate_series(:last::bigint - 255, :last) AS r;
\endpipeline
\startpipeline
UPDATE rows SET state = 3, settled = 1700000000001, result = (4 * root)::text::bytea
WHERE root BETWEEN :last::bigint - 255 AND :last AND step IN (2, 0);
\endpipeline
