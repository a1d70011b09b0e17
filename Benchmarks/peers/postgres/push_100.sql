-- A hundred jobs pushed in one commit.
INSERT INTO jobs (payload) SELECT i::text FROM generate_series(1, 100) AS i;
