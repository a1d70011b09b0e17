// Counts what a program takes from its heap, for `penstock bench flow`; a program that links this has it counted.
#ifndef PENSTOCK_CALLOCATIONS_H
#define PENSTOCK_CALLOCATIONS_H

#endif
