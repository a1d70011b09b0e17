// What keeps a compiler from making a loop into a formula.
#ifndef PENSTOCK_OPAQUE_H
#define PENSTOCK_OPAQUE_H

/// Returns the number, of which the compiler has to believe that it may have become any other.
__attribute__((always_inline)) static inline long clinux_opaque(long number) {
    __asm__ volatile("" : "+r"(number));
    return number;
}

#endif
