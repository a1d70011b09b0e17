import Penstock

/// The tables, and how they came about.
///
/// What has not ended is in `items`, a table that stays as small as the work that is to be done; what has ended is in
/// `settled`. Every primary key begins with the root of the tree of runs that the row belongs to, but for those of
/// tables that have a row for a key, a queue or a process.
struct PostgresSchema: Sendable {
    /// The name of the schema, ready to stand in SQL.
    let name: String

    /// Makes the tables of a schema with a name.
    /// - Throws: ``PenstockError/Code/invalidName`` for a name that is not 1 to 63 of `a–z 0–9 _`, a letter first.
    init(_ name: String) throws(PenstockError) {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
            default: false
            }
        }
        guard isPlain, (1...63).contains(name.utf8.count), name.first?.isNumber == false, !name.hasPrefix("pg_") else {
            throw PenstockError(
                .invalidName,
                "the schema \(name.debugDescription.prefix(80)) is not allowed: 1 to 63 of a-z 0-9 _, a letter first"
            )
        }
        self.name = name
    }

    /// The version that this program writes.
    var version: Int { self.migrations.count }

    /// What leads from each version to the next; one that was released is never changed.
    ///
    /// Each runs in a transaction of its own, under a lock that keeps other processes from doing the same.
    var migrations: [String] { [self.first] }

    private var first: String {
        [self.tables, self.indexes, self.functions, self.push, self.view].joined(separator: "\n")
    }

    /// The columns that never change, or only while nobody looks, stand first; payload and result last.
    private var tables: String {
        """
        CREATE SEQUENCE \(self.name).numbers INCREMENT BY \(NumberBlock.size);

        CREATE TABLE \(self.name).items (
            root bigint NOT NULL, run bigint NOT NULL, step integer NOT NULL,
            number bigint NOT NULL, queue text COLLATE "C" NOT NULL, key text COLLATE "C",
            state smallint NOT NULL, priority smallint NOT NULL, due bigint NOT NULL, created bigint NOT NULL,
            attempt integer NOT NULL, token bigint NOT NULL, digest bigint,
            caller_run bigint, caller_step integer, reply_to text COLLATE "C",
            holder bigint, lease_end bigint, last_token bigint NOT NULL DEFAULT 0, wakes integer NOT NULL DEFAULT 0,
            resting boolean NOT NULL DEFAULT false, has_steps boolean NOT NULL DEFAULT false,
            payload bytea NOT NULL, result bytea,
            PRIMARY KEY (root, run, step)
        ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);

        CREATE TABLE \(self.name).settled (
            root bigint NOT NULL, run bigint NOT NULL, step integer NOT NULL,
            number bigint NOT NULL, queue text COLLATE "C" NOT NULL, key text COLLATE "C",
            state smallint NOT NULL, priority smallint NOT NULL, due bigint NOT NULL, created bigint NOT NULL,
            settled bigint NOT NULL, attempt integer NOT NULL, token bigint NOT NULL, digest bigint,
            caller_run bigint, caller_step integer, reply_to text COLLATE "C", has_steps boolean NOT NULL DEFAULT false,
            payload bytea NOT NULL, result bytea,
            PRIMARY KEY (root, run, step)
        );

        CREATE TABLE \(self.name).keys (
            queue text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, root bigint NOT NULL,
            PRIMARY KEY (queue, key)
        );

        CREATE TABLE \(self.name).processes (
            id bigint PRIMARY KEY, name text NOT NULL, started bigint NOT NULL, seen bigint NOT NULL,
            lease_end bigint NOT NULL, locks boolean NOT NULL, busy boolean NOT NULL DEFAULT false,
            groups bigint NOT NULL DEFAULT 0, died bigint
        ) WITH (fillfactor = 20);

        CREATE TABLE \(self.name).news (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, holder bigint NOT NULL,
            root bigint NOT NULL, run bigint NOT NULL, step integer NOT NULL, token bigint NOT NULL, news integer
        );

        CREATE TABLE \(self.name).counters (
            queue text COLLATE "C" NOT NULL, process bigint NOT NULL,
            ready bigint NOT NULL, leased bigint NOT NULL, parked bigint NOT NULL,
            PRIMARY KEY (queue, process)
        ) WITH (fillfactor = 20);
        """
    }

    private var indexes: String {
        let order = "(queue, priority DESC, due, number)"
        return """
            CREATE INDEX items_ready ON \(self.name).items \(order) WHERE state = 0 AND holder IS NULL;
            CREATE INDEX items_held ON \(self.name).items \(order) WHERE holder IS NOT NULL;
            CREATE INDEX items_parked ON \(self.name).items \(order) WHERE state <> 0 AND holder IS NULL;
            CREATE INDEX items_ending ON \(self.name).items (lease_end) WHERE lease_end IS NOT NULL;
            CREATE INDEX items_roots ON \(self.name).items (queue, root) WHERE step = 0;
            CREATE INDEX settled_roots ON \(self.name).settled (queue, root) WHERE step = 0;
            CREATE INDEX news_holder ON \(self.name).news (holder);
            """
    }

    private var functions: String {
        """
        CREATE FUNCTION \(self.name).clock() RETURNS bigint LANGUAGE sql VOLATILE
            AS $$ SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint $$;

        CREATE FUNCTION \(self.name).expect(counted bigint, wanted bigint, code text) RETURNS void LANGUAGE plpgsql
            AS $$ BEGIN IF counted <> wanted THEN
                RAISE EXCEPTION 'penstock found % rows instead of %', counted, wanted USING ERRCODE = code;
            END IF; END $$;

        CREATE FUNCTION \(self.name).lock_key(process bigint) RETURNS bigint LANGUAGE sql STABLE
            AS $$ SELECT hashint8extended(process, '\(self.name)'::regnamespace::oid::bigint) $$;
        """
    }

    /// For programs in any language, which push an item or start a run in a transaction of their own.
    ///
    /// Counts go to a row of the session's own, so that long transactions do not wait for each other.
    private var push: String {
        """
        CREATE FUNCTION \(self.name).push(queue text, payload jsonb, key text DEFAULT NULL,
            priority integer DEFAULT 0, due timestamptz DEFAULT NULL, reply_to text DEFAULT NULL)
            RETURNS text LANGUAGE plpgsql AS $$
        #variable_conflict use_column
        DECLARE
            id bigint := nextval('\(self.name).numbers');
            moment bigint := \(self.name).clock();
            there bigint;
        BEGIN
            IF push.queue !~ '^[A-Za-z0-9._:-]{1,128}$' OR push.reply_to !~ '^[A-Za-z0-9._:-]{1,128}$' THEN
                RAISE EXCEPTION 'the name of a queue has 1 to 128 of A-Z a-z 0-9 . _ : -' USING ERRCODE = '22023';
            END IF;
            IF push.key = '' OR octet_length(push.key) > 512 OR left(push.key, 1) = '~' THEN
                RAISE EXCEPTION 'a key has 1 to 512 bytes and does not begin with ~' USING ERRCODE = '22023';
            END IF;
            IF push.priority NOT BETWEEN -9 AND 9 THEN
                RAISE EXCEPTION 'a priority is from -9 to 9' USING ERRCODE = '22023';
            END IF;
            IF push.key IS NOT NULL THEN
                INSERT INTO \(self.name).keys (queue, key, root) VALUES (push.queue, push.key, id)
                    ON CONFLICT DO NOTHING;
                IF NOT FOUND THEN
                    SELECT k.root INTO there FROM \(self.name).keys AS k
                        WHERE k.queue = push.queue AND k.key = push.key;
                    RETURN '~' || there;
                END IF;
            END IF;
            INSERT INTO \(self.name).items (root, run, step, number, queue, key, state, priority, due, created,
                attempt, token, reply_to, payload)
            VALUES (id, id, 0, id, push.queue, push.key, 0, push.priority,
                greatest(coalesce(floor(extract(epoch FROM push.due) * 1000)::bigint, moment), moment), moment,
                0, 0, push.reply_to, convert_to(push.payload::text, 'UTF8'));
            INSERT INTO \(self.name).counters AS c (queue, process, ready, leased, parked)
                VALUES (push.queue, -pg_backend_pid(), 1, 0, 0)
                ON CONFLICT (queue, process) DO UPDATE SET ready = c.ready + 1;
            PERFORM pg_notify('penstock_\(self.name)', 'q' || push.queue);
            RETURN '~' || id;
        END $$;
        """
    }

    /// For people: nothing in Penstock reads it.
    private var view: String {
        let columns = """
            queue, coalesce(key, CASE WHEN step = 0 THEN '~' || root WHEN run = root THEN '~' || root || '.' || step
                ELSE '~' || root || '.' || run || '.' || step END) AS key,
            (ARRAY['ready', 'parked', 'diverged', 'completed', 'failed', 'cancelled'])[state + 1] AS state,
            priority, attempt, convert_from(payload, 'UTF8') AS payload, convert_from(result, 'UTF8') AS result,
            to_timestamp(created / 1000.0) AS created, to_timestamp(due / 1000.0) AS due
            """
        let address = "reply_to, root, run, step, number, caller_run, caller_step, token"
        return """
            CREATE VIEW \(self.name).runs AS
                SELECT \(columns), NULL::timestamptz AS settled, \(address), holder FROM \(self.name).items
                UNION ALL
                SELECT \(columns), to_timestamp(settled / 1000.0), \(address), NULL FROM \(self.name).settled;
            """
    }
}
