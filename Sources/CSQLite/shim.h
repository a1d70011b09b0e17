// GNU declarations have to be asked for before the first header: modules that differ here cannot be mixed.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#ifndef PENSTOCK_CSQLITE_H
#define PENSTOCK_CSQLITE_H

#include <sqlite3.h>
#include <stddef.h>

// SQLITE_TRANSIENT is a cast, which Swift does not import. An empty value is told from NULL here, because SQLite takes
// a null pointer, which an empty Swift array may have, for NULL.

static inline int csqlite_bind_text(sqlite3_stmt *statement, int index, const void *bytes, size_t count) {
    const char *text = bytes == NULL ? "" : (const char *)bytes;
    return sqlite3_bind_text64(statement, index, text, count, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static inline int csqlite_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, size_t count) {
    if (count == 0) return sqlite3_bind_zeroblob(statement, index, 0);
    return sqlite3_bind_blob64(statement, index, bytes, count, SQLITE_TRANSIENT);
}

// Macros of macros, which Swift does not import.
static const int csqlite_address_taken = SQLITE_CONSTRAINT_PRIMARYKEY;
static const int csqlite_index_differs = SQLITE_CORRUPT_INDEX;

// Swift does not call functions with variable arguments.
static inline int csqlite_configure(sqlite3 *database, int option, int value) {
    return sqlite3_db_config(database, option, value, (int *)NULL);
}

#endif
