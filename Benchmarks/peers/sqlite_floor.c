// The floor: what SQLite does by itself when it writes the rows of W1, W1-latency, W2 or W4, in C, with nothing around.
//
// Not a queue and no engine: it runs no code of anybody, leases nothing, looks for no key, and one thread does all. It
// says how much of a figure is SQLite and the disk. The rows and the index of what is ready are Penstock's, without its
// other indexes; so is how much goes into one transaction. Called as: sqlite-floor WORKLOAD FOLDER
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { READY = 0, PARKED = 1, COMPLETED = 3 };

static char path[4096];
static sqlite3 *database;
static sqlite3_stmt *begin_, *commit_, *insert_, *settle_, *oldest_;

static void stop(const char *what) {
    fprintf(stderr, "%s: %s\n", what, database ? sqlite3_errmsg(database) : "");
    exit(1);
}

static void run(const char *sql) {
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK) stop(sql);
}

static sqlite3_stmt *prepare(const char *sql) {
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK) stop(sql);
    return statement;
}

static void step(sqlite3_stmt *statement) {
    if (sqlite3_step(statement) != SQLITE_DONE) stop(sqlite3_sql(statement));
    sqlite3_reset(statement);
}

static void begin(void) { step(begin_); }
static void commit(void) { step(commit_); }

static void insert(int64_t root, int64_t place, int state, int64_t payload) {
    char text[24];
    sqlite3_bind_int64(insert_, 1, root);
    sqlite3_bind_int64(insert_, 2, place);
    sqlite3_bind_int(insert_, 3, state);
    sqlite3_bind_blob(insert_, 4, text, snprintf(text, sizeof text, "%lld", (long long)payload), SQLITE_STATIC);
    step(insert_);
}

static void settle(int64_t root, int64_t place, int64_t result) {
    char text[24];
    sqlite3_bind_int64(settle_, 1, root);
    sqlite3_bind_int64(settle_, 2, place);
    sqlite3_bind_blob(settle_, 3, text, snprintf(text, sizeof text, "%lld", (long long)result), SQLITE_STATIC);
    step(settle_);
    if (sqlite3_changes(database) != 1) stop("settled no row");
}

static int64_t number(sqlite3 *connection, const char *sql) {
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(connection, sql, -1, &statement, NULL) != SQLITE_OK) stop(sql);
    if (sqlite3_step(statement) != SQLITE_ROW) stop(sql);
    int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

// What was written, as a second connection sees it.
static void check(const char *sql, int64_t expected) {
    sqlite3 *second;
    if (sqlite3_open(path, &second) != SQLITE_OK || number(second, sql) != expected) {
        fprintf(stderr, "wrong: the answer of %s is not %lld\n", sql, (long long)expected);
        exit(1);
    }
    sqlite3_close(second);
}

static void open_new(void) {
    if (sqlite3_open(path, &database) != SQLITE_OK) stop(path);
    run("PRAGMA journal_mode = wal");
    run("PRAGMA synchronous = full");
    run("PRAGMA wal_autocheckpoint = 4000");
    run("PRAGMA cache_size = -65536");
    run("CREATE TABLE rows (root INTEGER NOT NULL, run INTEGER NOT NULL, step INTEGER NOT NULL, "
        "number INTEGER NOT NULL, queue INTEGER NOT NULL, key TEXT, state INTEGER NOT NULL, "
        "priority INTEGER NOT NULL, due INTEGER NOT NULL, created INTEGER NOT NULL, settled INTEGER, "
        "attempt INTEGER NOT NULL, token INTEGER NOT NULL, digest INTEGER NOT NULL, payload BLOB NOT NULL, "
        "result BLOB, PRIMARY KEY (root, run, step)) STRICT, WITHOUT ROWID");
    run("CREATE INDEX ready ON rows (queue, priority DESC, due, number) WHERE state = 0");
    begin_ = prepare("BEGIN IMMEDIATE");
    commit_ = prepare("COMMIT");
    insert_ = prepare("INSERT INTO rows VALUES (?1, ?1, ?2, ?1 * 4 + ?2, 1, NULL, ?3, 0, 0, 1700000000000, NULL, "
                      "1, 1, 77, ?4, NULL)");
    settle_ = prepare("UPDATE rows SET state = 3, settled = 1700000000001, result = ?3 "
                      "WHERE root = ?1 AND run = ?1 AND step = ?2");
    oldest_ = prepare("SELECT root FROM rows WHERE queue = 1 AND state = 0 "
                      "ORDER BY priority DESC, due, number LIMIT 1");
}

static void remove_all(void) {
    sqlite3_stmt *all[] = {begin_, commit_, insert_, settle_, oldest_};
    for (int i = 0; i < 5; i++) sqlite3_finalize(all[i]);
    sqlite3_close(database);
    const char *ends[] = {"", "-wal", "-shm"};
    for (int i = 0; i < 3; i++) {
        char file[sizeof path + 8];
        snprintf(file, sizeof file, "%s%s", path, ends[i]);
        unlink(file);
    }
}

static double seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

// The time, and the counts of syncs.c, where it is preloaded.
struct moment { double seconds; uint64_t syncs[2]; int counted; };

static struct moment now(void) {
    struct moment moment = {0};
    const char *counts = getenv("PENSTOCK_BENCH_SYNCS");
    FILE *file = counts ? fopen(counts, "rb") : NULL;
    if (file) {
        moment.counted = fread(moment.syncs, sizeof moment.syncs, 1, file) == 1;
        fclose(file);
    }
    moment.seconds = seconds();
    return moment;
}

static void report(const char *workload, const char *setting, int n, int in_flight, const char *unit, double value,
                   struct moment start, struct moment end, const char *more) {
    static const char *levels[] = {"off", "normal", "full", "extra"};
    printf("{\"system\": \"sqlite\", \"version\": \"%s\", \"workload\": \"%s\", \"setting\": \"%s\", "
           "\"durability\": \"wal %s\", \"n\": %d, \"inFlight\": %d, \"unit\": \"%s\", \"value\": %.6f, ",
           sqlite3_libversion(), workload, setting, levels[number(database, "PRAGMA synchronous") & 3], n, in_flight,
           unit, value);
    if (start.counted && end.counted) {
        double syncs = (double)(end.syncs[0] - start.syncs[0]);
        if (syncs == 0) stop("it says that it is durable, and has never synced");
        printf("\"syncs\": %.6f, \"sync_ms\": %.6f, ", syncs / n, (end.syncs[1] - start.syncs[1]) / 1e6 / syncs);
    }
    printf("%s\"note\": \"the floor, and no engine: rows written in C, no code run, nothing leased\"}\n", more);
    fflush(stdout);
}

// W1: a run and its two calls, so many runs in a transaction. The runs are there before the clock starts.
static void workflows(int n, int in_flight) {
    open_new();
    begin();
    for (int i = 0; i < n; i++) insert(i, 0, READY, i);
    commit();
    struct moment start = now();
    for (int first = 0; first < n; first += in_flight) {
        int end = first + in_flight < n ? first + in_flight : n;
        begin();
        for (int i = first; i < end; i++) insert(i, 1, PARKED, i);
        commit();
        begin();
        for (int i = first; i < end; i++) settle(i, 1, 2 * i), insert(i, 2, PARKED, 2 * i);
        commit();
        begin();
        for (int i = first; i < end; i++) settle(i, 2, 4 * i), settle(i, 0, 4 * i);
        commit();
    }
    struct moment end = now();
    check("SELECT count(*) FROM rows WHERE step = 0 AND state = 3 AND CAST(CAST(result AS TEXT) AS INTEGER) = 4 * root",
          n);
    check("SELECT count(*) FROM rows WHERE state = 3", 3 * n);
    char setting[64];
    snprintf(setting, sizeof setting, "%d runs a commit", in_flight);
    report("W1", setting, n, in_flight, "steps/s", 2 * n / (end.seconds - start.seconds), start, end, "");
    remove_all();
}

static int ascending(const void *a, const void *b) {
    double difference = *(const double *)a - *(const double *)b;
    return difference > 0 ? 1 : difference < 0 ? -1 : 0;
}

static void report_times(const char *workload, const char *setting, double *times, int n, struct moment start,
                         struct moment end, const char *key, int value) {
    qsort(times, n, sizeof *times, ascending);
    char more[160];
    double median = times[(n + 1) / 2 - 1], p99 = times[(99 * n + 99) / 100 - 1];
    snprintf(more, sizeof more, "\"p50_ms\": %.6f, \"p99_ms\": %.6f, \"%s\": %d, ", median, p99, key, value);
    report(workload, setting, n, 1, "ms", median, start, end, more);
}

// W1-latency: the same three transactions, for one run after the other.
static void latency(int n) {
    open_new();
    double times[n];
    struct moment start = now();
    for (int i = 0; i < n; i++) {
        double begun = seconds();
        begin(), insert(i, 0, PARKED, i), insert(i, 1, PARKED, i), commit();
        begin(), settle(i, 1, 2 * i), insert(i, 2, PARKED, 2 * i), commit();
        begin(), settle(i, 2, 4 * i), settle(i, 0, 4 * i), commit();
        times[i] = 1000 * (seconds() - begun);
    }
    struct moment end = now();
    check("SELECT count(*) FROM rows WHERE state = 3", 3 * n);
    report_times("W1-latency", "3 commits a run", times, n, start, end, "commits", 3);
    remove_all();
}

// W2: jobs are inserted one a commit, and completed so many a commit: the claim of a job writes nothing.
static void jobs(int n, int in_flight) {
    open_new();
    struct moment start = now();
    for (int i = 0; i < n; i++) begin(), insert(i, 0, READY, i), commit();
    struct moment middle = now();
    for (int i = 0; i < n;) {
        begin();
        for (int end = i + in_flight < n ? i + in_flight : n; i < end; i++) settle(i, 0, i);
        commit();
    }
    struct moment end = now();
    check("SELECT count(*) FROM rows WHERE state = 3 AND CAST(CAST(result AS TEXT) AS INTEGER) = root", n);
    if (in_flight == 1) {
        report("W2-enqueue", "1 a commit", n, 1, "pushes/s", n / (middle.seconds - start.seconds), start, middle, "");
    }
    char setting[64];
    snprintf(setting, sizeof setting, "%d a commit", in_flight);
    report("W2", setting, n, in_flight, "jobs/s", n / (end.seconds - middle.seconds), middle, end, "");
    remove_all();
}

// W4: insert one job, find the oldest and complete it, while so many others wait.
static void backlog(int waiting, int n) {
    open_new();
    begin();
    for (int i = 0; i < waiting; i++) insert(i, 0, READY, i);
    commit();
    double times[n];
    struct moment start = now();
    for (int i = 0; i < n; i++) {
        begin(), insert(waiting + i, 0, READY, i), commit();
        double begun = seconds();
        begin();
        if (sqlite3_step(oldest_) != SQLITE_ROW || sqlite3_column_int64(oldest_, 0) != i) stop("not the oldest");
        sqlite3_reset(oldest_);
        settle(i, 0, i);
        commit();
        times[i] = 1000 * (seconds() - begun);
    }
    struct moment end = now();
    check("SELECT count(*) FROM rows WHERE state = 3", n);
    report_times("W4", "1 commit a claim", times, n, start, end, "backlog", waiting);
    remove_all();
}

int main(int count, char **arguments) {
    if (count != 3) return fprintf(stderr, "usage: sqlite-floor WORKLOAD FOLDER\n"), 64;
    snprintf(path, sizeof path, "%s/floor-%d.db", arguments[2], (int)getpid());
    const char *workload = arguments[1];
    if (strcmp(workload, "W1") == 0) {
        workflows(1000, 256), workflows(10000, 256);
    } else if (strcmp(workload, "W1-latency") == 0) {
        latency(200);
    } else if (strcmp(workload, "W2") == 0) {
        jobs(2000, 1), jobs(2000, 8), jobs(2000, 64);
    } else if (strcmp(workload, "W4") == 0) {
        backlog(1000, 60), backlog(100000, 60), backlog(1000000, 60);
    } else {
        return fprintf(stderr, "sqlite-floor: no workload %s\n", workload), 64;
    }
    return 0;
}
