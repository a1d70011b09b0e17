// Fences, and what a thread does while it looks again and again.
#ifndef PENSTOCK_FENCES_H
#define PENSTOCK_FENCES_H

#include <stdatomic.h>

/// Whether `clinux_heavy_fence` reaches every processor that this process runs on; known before `main` begins.
extern int clinux_reaches_all;

/// One half of a fence between two threads, of which one stores A and loads B and the other stores B and loads A: at
/// least one of them sees what the other has stored.
///
/// It only keeps the compiler from changing the order, as long as the other half makes up for it.
static inline void clinux_light_fence(void) {
    if (clinux_reaches_all) {
        atomic_signal_fence(memory_order_seq_cst);
    } else {
        atomic_thread_fence(memory_order_seq_cst);
    }
}

/// The other half, which costs a call to the system: it has a full fence run on every processor (membarrier, which
/// liburcu has used in this way since 2015).
void clinux_heavy_fence(void);

/// Comes between a reference that was put where another thread finds it, and the word that it is there.
///
/// Swift counts a reference as late as it likes, as long as nothing comes that might let go of the object, and to store
/// a number is no such thing to it, even where that hands the reference to somebody else. A call to C might do anything.
static inline void clinux_count_references(void) { __asm__ volatile("" ::: "memory"); }

/// Tells the processor that the thread is waiting in a loop.
static inline void clinux_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __asm__ volatile("pause");
#elif defined(__aarch64__) || defined(__arm__)
    __asm__ volatile("yield");
#endif
}

#endif
