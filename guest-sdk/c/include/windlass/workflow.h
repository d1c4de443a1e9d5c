/*
 * What a workflow asks of the host that runs it: to enqueue, to wait, to sleep, to be told.
 *
 * A workflow is replayed after a crash, and when it has waited for long: it is executed again from
 * its beginning, and each call here is answered as it was before. So what it does must follow from
 * its arguments and these answers; time() and rand() are answered from the journal too.
 *
 * The world of the WIT says `include windlass:host/workflows@0.1.0;`. Values are JSON: see
 * <windlass/json.h>. In a native test the functions are there as well: see <windlass/testing.h>.
 */
#ifndef WINDLASS_WORKFLOW_H
#define WINDLASS_WORKFLOW_H

#include <windlass.h>
#include <windlass/json.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An invocation. Copies are the same handle. */
typedef struct windlass_handle_t {
  int32_t number;
} windlass_handle_t;

/* Why something was not done: `task-unknown`, … and for people. */
typedef struct windlass_refusal_t {
  windlass_string_t code;
  windlass_string_t message;
} windlass_refusal_t;

/* Why an invocation did not succeed. */
typedef struct windlass_failure_t {
  /* `guest`, `trap`, `limit`, `timeout`, `host-lost`, `cancelled`, … */
  windlass_string_t kind;
  windlass_string_t message;
  /* Of kind `guest`: what the function returned as its error, as JSON. Else empty. */
  windlass_string_t payload;
} windlass_failure_t;

/* What to tell of a failure: the error that the task returned, if it is text; else the message. */
windlass_string_t windlass_failure_text(const windlass_failure_t *failure);

typedef enum windlass_state_t {
  WINDLASS_SCHEDULED,
  WINDLASS_QUEUED,
  WINDLASS_RUNNING,
  WINDLASS_WAITING,
  WINDLASS_SUCCEEDED,
  WINDLASS_FAILED,
  WINDLASS_CANCELLED,
} windlass_state_t;

/* How often a failed attempt is made again, and when. What is 0 is as everywhere. */
typedef struct windlass_retries_t {
  uint32_t max;
  uint64_t backoff_ms;
  double factor;
  uint64_t max_backoff_ms;
  double jitter;
  /* Kinds of failures, or `guest:CASE`, ended by NULL; the usual ones if it is NULL. */
  const char *const *on;
} windlass_retries_t;

/* How a call is to be run. What is 0 or NULL comes from its task, its queue, its host. */
typedef struct windlass_options_t {
  /* The workflow's own if it is NULL. */
  const char *queue;
  const char *id;
  /* Lower goes first. */
  int32_t priority;
  /* How long one attempt may take. */
  uint64_t timeout_ms;
  uint64_t delay_ms;
  /* From enqueue to outcome. */
  uint64_t deadline_ms;
  const char *partition;
  const windlass_retries_t *retries;
  /* Names and values in turn, ended by NULL. */
  const char *const *tags;
  /* Whether it goes on when this workflow is cancelled. */
  bool detached;
} windlass_options_t;

typedef struct windlass_call_t {
  /* `images/resize`, or `resize` for one of this component's own. */
  const char *task;
  /* JSON: an array of the arguments by position, or an object by name. */
  windlass_string_t arguments;
  windlass_options_t options;
} windlass_call_t;

/* Waits for as long as it takes. */
#define WINDLASS_FOREVER UINT64_MAX

/* Enqueues a call; `options` may be NULL. */
bool windlass_enqueue(const char *task, windlass_string_t arguments,
                      const windlass_options_t *options, windlass_handle_t *handle,
                      windlass_refusal_t *refusal);

/* Enqueues many as one step, all or none. */
bool windlass_enqueue_many(const windlass_call_t *calls, size_t count, windlass_handle_t *handles,
                           windlass_refusal_t *refusal);

/* The handle of an invocation whose id the workflow was given. */
bool windlass_find(windlass_string_t id, windlass_handle_t *handle, windlass_refusal_t *refusal);

/* Waits until it has ended. Its value is JSON. */
bool windlass_get_result(windlass_handle_t handle, windlass_string_t *value,
                         windlass_failure_t *failure);

windlass_state_t windlass_status(windlass_handle_t handle);

/* Asks for its end and for that of its descendants; does not wait for it. */
void windlass_cancel(windlass_handle_t handle);

windlass_string_t windlass_handle_id(windlass_handle_t handle);

/* Forgets a handle. All are forgotten at the end; a loop over very many says it earlier. */
void windlass_forget(windlass_handle_t handle);

/* Waits until one of them has ended and tells its index; false if the time was up before. */
bool windlass_wait_any(const windlass_handle_t *handles, size_t count, uint64_t timeout_ms,
                       size_t *which);

/* Waits until all have ended, or the time is up: whether they have. */
bool windlass_wait_all(const windlass_handle_t *handles, size_t count, uint64_t timeout_ms);

/* Waits. Days are fine. */
void windlass_sleep(uint64_t ms);

/* The time, in milliseconds since 1970. */
uint64_t windlass_now(void);

/* Fills `bytes` with random ones. */
void windlass_random(void *bytes, size_t length);

/* Shows a JSON value to the outside under a name. */
void windlass_publish(const char *name, windlass_string_t value);

/* Waits for a message, which is JSON, and takes it; false if the time was up before. */
bool windlass_receive(const char *name, uint64_t timeout_ms, windlass_string_t *value);

/* Does a piece of work once, whatever happens: `work` returns its result, which is JSON, and a
 * replay returns what was recorded. Inside it nothing is asked of the host: not the time either. */
windlass_string_t windlass_step(const char *name, windlass_string_t (*work)(void *context),
                                void *context);

/* Goes on as new with these arguments, and an empty journal. */
__attribute__((__noreturn__)) void windlass_continue_as_new(windlass_string_t arguments);

#ifdef __cplusplus
}
#endif

#endif
