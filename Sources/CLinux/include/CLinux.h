// What Glibc does not show to Swift, or shows in a form that Swift cannot call. Nothing here decides anything.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#ifndef PENSTOCK_CLINUX_H
#define PENSTOCK_CLINUX_H

#include <stddef.h>

#include "allocations.h"
#include "fences.h"
#include "opaque.h"

/// Takes the lock on an open file for this descriptor alone. Returns 0, or an errno: EWOULDBLOCK when somebody has it.
int clinux_lock(int descriptor);

/// Finds out whether anybody has taken the lock. Returns 1, 0, or a negative errno.
int clinux_is_locked(int descriptor);

/// Finds the kind of filesystem under a path, as a number for `clinux_network_name`. Returns 0 or an errno.
int clinux_filesystem(const char *path, long *kind);

/// The name of a filesystem whose locks and shared memory do not hold between machines; NULL for any other kind.
const char *clinux_network_name(long kind);

/// Starts a detached thread. Returns 0 or an errno.
int clinux_start_thread(size_t stack, void *(*body)(void *), void *context);

/// Names the calling thread for debuggers and profilers; at most 15 characters.
void clinux_name_thread(const char *name);

/// What the calling thread has set, or NULL: it says which of an executor's threads it is.
void *clinux_thread_value(void);
void clinux_set_thread_value(void *value);

/// Gives a file at least `size` bytes that are backed by the disk, so that writing to a mapping of them cannot fail.
/// Returns 0 or an errno.
int clinux_allocate(int descriptor, long size);

/// Gives a file another name, unless there is a file of that name. Returns 0 or an errno: EEXIST when there is one.
int clinux_rename_new(const char *from, const char *to);

/// How many bytes the process has taken from the heap and not given back, in all arenas; 0 where nobody counts them.
size_t clinux_heap_in_use(void);

#endif
