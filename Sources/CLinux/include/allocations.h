// How often a program takes memory from its heap, where somebody counts that (the target CAllocations).
#ifndef PENSTOCK_ALLOCATIONS_H
#define PENSTOCK_ALLOCATIONS_H

#include <stdatomic.h>

/// Whether somebody counts; known before `main` begins.
extern int clinux_allocations_can_be_counted;

/// Whether it is to be counted at present, and how often it happened while it was.
extern atomic_int clinux_counts_allocations;
extern atomic_long clinux_allocations;

/// Begins to count from nothing, or stops.
void clinux_count_allocations(int on);

/// How often memory was taken since it was begun to count; -1 where nobody counts.
long clinux_counted_allocations(void);

#endif
