/*
 * A host of its own for native tests of workflows: calls run at once, in place.
 */
#ifndef WINDLASS_TESTING_H
#define WINDLASS_TESTING_H

#include <windlass/workflow.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Stands in for a task: gets the arguments and returns its value, both JSON; or returns false with
 * the error's message. */
typedef bool windlass_stand_in_t(windlass_string_t arguments, windlass_string_t *value,
                                 windlass_string_t *error);

/* Answers calls of `task` from now on. */
void windlass_test_answer(const char *task, windlass_stand_in_t *stand_in);

/* What was published last under a name, as JSON; empty if nothing was. */
windlass_string_t windlass_test_published(const char *name);

/* Puts a message, which is JSON, where `windlass_receive` finds it. */
void windlass_test_send(const char *name, windlass_string_t value);

/* Forgets everything, and frees what all calls held. */
void windlass_test_reset(void);

#ifdef __cplusplus
}
#endif

#endif
