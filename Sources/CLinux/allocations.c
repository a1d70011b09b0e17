#include "allocations.h"

int clinux_allocations_can_be_counted = 0;
atomic_int clinux_counts_allocations = 0;
atomic_long clinux_allocations = 0;

void clinux_count_allocations(int on) {
    if (on) atomic_store(&clinux_allocations, 0);
    atomic_store(&clinux_counts_allocations, on);
}

long clinux_counted_allocations(void) {
    return clinux_allocations_can_be_counted ? atomic_load(&clinux_allocations) : -1;
}
