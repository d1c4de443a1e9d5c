/*
 * A host of its own for native tests: calls run at once, in place; waiting takes no time.
 */
#ifndef __wasm__

#include "windlass/testing.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arena.h"

/* Enough for a test; what would not fit ends it by name. */
#define MOST 256

typedef struct outcome {
  bool succeeded;
  windlass_string_t value;
  windlass_string_t error;
} outcome;

typedef struct named {
  windlass_string_t name;
  windlass_string_t value;
} named;

static struct {
  const char *task;
  windlass_stand_in_t *answer;
} stand_ins[MOST];
static size_t stand_in_count;
static outcome outcomes[MOST];
static size_t outcome_count;
static named published[MOST];
static size_t published_count;
static named messages[MOST];
static size_t message_count;
static uint64_t slept_ms;

/* Longer than the piece of a call in which it was made. */
static windlass_string_t keep(windlass_string_t text) {
  windlass_string_t kept = {malloc(text.len + 1), text.len};
  if (kept.ptr == NULL) {
    windlass_panic("no memory is left");
  }
  if (text.len > 0) {
    memcpy(kept.ptr, text.ptr, text.len);
  }
  return kept;
}

static size_t next(size_t *count, const char *what) {
  if (*count == MOST) {
    windlass_panic("a test has more than %d %s", MOST, what);
  }
  return (*count)++;
}

void windlass_test_answer(const char *task, windlass_stand_in_t *stand_in) {
  size_t index = next(&stand_in_count, "stand-ins");
  stand_ins[index].task = task;
  stand_ins[index].answer = stand_in;
}

windlass_string_t windlass_test_published(const char *name) {
  for (size_t i = published_count; i > 0; i--) {
    if (windlass_equal(published[i - 1].name, windlass_string(name))) {
      return published[i - 1].value;
    }
  }
  return (windlass_string_t){NULL, 0};
}

void windlass_test_send(const char *name, windlass_string_t value) {
  messages[next(&message_count, "messages")] = (named){keep(windlass_string(name)), keep(value)};
}

void windlass_test_reset(void) {
  for (size_t i = 0; i < outcome_count; i++) {
    free(outcomes[i].value.ptr);
    free(outcomes[i].error.ptr);
  }
  for (size_t i = 0; i < published_count; i++) {
    free(published[i].name.ptr);
    free(published[i].value.ptr);
  }
  for (size_t i = 0; i < message_count; i++) {
    free(messages[i].name.ptr);
    free(messages[i].value.ptr);
  }
  stand_in_count = outcome_count = published_count = message_count = 0;
  slept_ms = 0;
  windlass_arena_clear();
}

bool windlass_enqueue(const char *task, windlass_string_t arguments,
                      const windlass_options_t *options, windlass_handle_t *handle,
                      windlass_refusal_t *refusal) {
  (void)options;
  for (size_t i = stand_in_count; i > 0; i--) {
    if (strcmp(stand_ins[i - 1].task, task) == 0) {
      size_t index = next(&outcome_count, "calls");
      outcome *made = &outcomes[index];
      windlass_string_t value = {0};
      windlass_string_t error = {0};
      made->succeeded = stand_ins[i - 1].answer(arguments, &value, &error);
      made->value = keep(value);
      made->error = keep(error);
      handle->number = (int32_t)index;
      return true;
    }
  }
  if (refusal != NULL) {
    refusal->code = windlass_string("task-unknown");
    refusal->message = windlass_format("windlass_test_answer() said nothing of \"%s\"", task);
  }
  return false;
}

bool windlass_enqueue_many(const windlass_call_t *calls, size_t count, windlass_handle_t *handles,
                           windlass_refusal_t *refusal) {
  for (size_t i = 0; i < count; i++) {
    if (!windlass_enqueue(calls[i].task, calls[i].arguments, &calls[i].options, &handles[i],
                          refusal)) {
      return false;
    }
  }
  return true;
}

bool windlass_find(windlass_string_t id, windlass_handle_t *handle, windlass_refusal_t *refusal) {
  size_t index = strtoull(windlass_text(id), NULL, 10);
  if (index >= outcome_count) {
    if (refusal != NULL) {
      refusal->code = windlass_string("invocation-unknown");
      refusal->message = windlass_string("no such invocation");
    }
    return false;
  }
  handle->number = (int32_t)index;
  return true;
}

bool windlass_get_result(windlass_handle_t handle, windlass_string_t *value,
                         windlass_failure_t *failure) {
  const outcome *found = &outcomes[handle.number];
  if (found->succeeded) {
    *value = found->value;
    return true;
  }
  if (failure != NULL) {
    windlass_json_t payload = {0};
    windlass_json_string(&payload, found->error);
    windlass_string_t message =
        windlass_format("the task returned the error %.*s", WINDLASS_ARG(payload.text));
    *failure = (windlass_failure_t){windlass_string("guest"), message, payload.text};
  }
  return false;
}

windlass_state_t windlass_status(windlass_handle_t handle) {
  return outcomes[handle.number].succeeded ? WINDLASS_SUCCEEDED : WINDLASS_FAILED;
}

void windlass_cancel(windlass_handle_t handle) {
  (void)handle;
}

windlass_string_t windlass_handle_id(windlass_handle_t handle) {
  return windlass_format("%d", (int)handle.number);
}

void windlass_forget(windlass_handle_t handle) {
  (void)handle;
}

bool windlass_wait_any(const windlass_handle_t *handles, size_t count, uint64_t timeout_ms,
                       size_t *which) {
  (void)handles;
  (void)timeout_ms;
  *which = 0;
  return count > 0;
}

bool windlass_wait_all(const windlass_handle_t *handles, size_t count, uint64_t timeout_ms) {
  (void)handles;
  (void)count;
  (void)timeout_ms;
  return true;
}

void windlass_sleep(uint64_t ms) {
  slept_ms += ms;
}

uint64_t windlass_now(void) {
  return (uint64_t)time(NULL) * 1000 + slept_ms;
}

void windlass_random(void *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) {
    ((unsigned char *)bytes)[i] = (unsigned char)rand();
  }
}

void windlass_publish(const char *name, windlass_string_t value) {
  published[next(&published_count, "published values")] = (named){keep(windlass_string(name)), keep(value)};
}

bool windlass_receive(const char *name, uint64_t timeout_ms, windlass_string_t *value) {
  for (size_t i = 0; i < message_count; i++) {
    if (windlass_equal(messages[i].name, windlass_string(name))) {
      *value = messages[i].value;
      /* No message is called so: it is taken. */
      messages[i].name.len = 0;
      return true;
    }
  }
  if (timeout_ms == WINDLASS_FOREVER) {
    windlass_panic("windlass_test_send() sent no message \"%s\"", name);
  }
  return false;
}

windlass_string_t windlass_step(const char *name, windlass_string_t (*work)(void *context),
                                void *context) {
  (void)name;
  return work(context);
}

void windlass_continue_as_new(windlass_string_t arguments) {
  windlass_panic("it goes on as new with %.*s", WINDLASS_ARG(arguments));
}

#endif
