#include "CLinux.h"

static _Thread_local void *thread_value = NULL;

void *clinux_thread_value(void) { return thread_value; }

void clinux_set_thread_value(void *value) { thread_value = value; }
