// GNU declarations have to be asked for before the first header: modules that differ here cannot be mixed.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#ifndef PENSTOCK_CPOSTGRES_H
#define PENSTOCK_CPOSTGRES_H

#include <libpq-fe.h>

#endif
