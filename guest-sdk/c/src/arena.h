/*
 * The memory of a call: one arena, into which the host writes arguments and the task its results.
 */
#ifndef WINDLASS_ARENA_H
#define WINDLASS_ARENA_H

#include <stddef.h>

/* Memory for `size` bytes, not zeroed. */
void *windlass_arena_take(size_t size);

/* Frees everything: the host has taken the call's result. */
void windlass_arena_clear(void);

#endif
