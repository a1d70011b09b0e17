-- The rows of the floor on SQLite (sqlite_floor.c), as PostgreSQL keeps them: a run and its calls, and an index of what
-- is ready.
CREATE TABLE rows (
    root bigint NOT NULL, run bigint NOT NULL, step integer NOT NULL, number bigint NOT NULL, queue integer NOT NULL,
    key text, state smallint NOT NULL, priority integer NOT NULL, due bigint NOT NULL, created bigint NOT NULL,
    settled bigint, attempt integer NOT NULL, token bigint NOT NULL, digest bigint NOT NULL, payload bytea NOT NULL,
    result bytea, PRIMARY KEY (root, run, step)
);
CREATE INDEX ready ON rows (queue, priority DESC, due, number) WHERE state = 0;
