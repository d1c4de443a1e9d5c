/*
 * What a workflow asks of its host, above the bindings.
 */
#ifdef WINDLASS_WORKFLOW

#include "windlass/workflow.h"

#include <string.h>

#include "arena.h"
#include "bindings.h"
#include "check.h"

/* At most so many random bytes at once. */
#define RANDOM_BYTES 65536

static void check(windlass_string_t text, const char *what) {
  windlass_check_string(&text, &(windlass_place_t){NULL, what, 0});
}

static windlass_option_string_t some_text(const char *text) {
  windlass_option_string_t option = {0};
  if (text != NULL) {
    option.is_some = true;
    option.val = windlass_string(text);
    check(option.val, "an option of an enqueue");
  }
  return option;
}

static windlass_option_u64_t some_ms(uint64_t ms) {
  return (windlass_option_u64_t){ms != 0, ms};
}

static windlass_option_u64_t until(uint64_t timeout_ms) {
  return (windlass_option_u64_t){timeout_ms != WINDLASS_FOREVER, timeout_ms};
}

static windlass_option_f64_t some_number(double number) {
  return (windlass_option_f64_t){number != 0, number};
}

static windlass_host_workflow_options_t options_of(const windlass_options_t *given) {
  windlass_host_workflow_options_t options = {0};
  options.id = some_text(given->id);
  options.priority.is_some = given->priority != 0;
  options.priority.val = given->priority;
  options.timeout_ms = some_ms(given->timeout_ms);
  options.delay_ms = some_ms(given->delay_ms);
  options.deadline_ms = some_ms(given->deadline_ms);
  options.partition = some_text(given->partition);
  if (given->retries != NULL) {
    const windlass_retries_t *retries = given->retries;
    options.retries.is_some = true;
    options.retries.val.max = retries->max;
    options.retries.val.backoff_ms = some_ms(retries->backoff_ms);
    options.retries.val.factor = some_number(retries->factor);
    options.retries.val.max_backoff_ms = some_ms(retries->max_backoff_ms);
    options.retries.val.jitter = some_number(retries->jitter);
    for (const char *const *kind = retries->on; kind != NULL && *kind != NULL; kind++) {
      windlass_list_push(&options.retries.val.on, windlass_string(*kind));
    }
  }
  for (const char *const *tag = given->tags; tag != NULL && tag[0] != NULL; tag += 2) {
    if (tag[1] == NULL) {
      windlass_panic("the tag \"%s\" has no value", tag[0]);
    }
    windlass_tuple2_string_string_t pair = {windlass_string(tag[0]), windlass_string(tag[1])};
    windlass_list_push(&options.tags, pair);
  }
  options.detached = given->detached;
  return options;
}

static windlass_host_workflow_call_t call_of(const char *task, windlass_string_t arguments,
                                             const windlass_options_t *options) {
  static const windlass_options_t none;
  windlass_host_workflow_call_t call = {0};
  call.queue = some_text(options == NULL ? NULL : options->queue);
  call.task = windlass_string(task);
  check(call.task, "the task of an enqueue");
  check(arguments, "the arguments of an enqueue");
  call.arguments = arguments;
  call.options = options_of(options == NULL ? &none : options);
  return call;
}

static bool refused(windlass_refusal_t *refusal, windlass_host_workflow_refusal_t said) {
  if (refusal != NULL) {
    *refusal = (windlass_refusal_t){said.code, said.message};
  }
  return false;
}

static windlass_host_workflow_borrow_handle_t borrowed(windlass_handle_t handle) {
  return (windlass_host_workflow_borrow_handle_t){handle.number};
}

static windlass_host_workflow_list_borrow_handle_t all_of(const windlass_handle_t *handles,
                                                          size_t count) {
  windlass_host_workflow_list_borrow_handle_t list = {0};
  windlass_list_new(&list, count);
  for (size_t i = 0; i < count; i++) {
    list.ptr[i] = borrowed(handles[i]);
  }
  return list;
}

bool windlass_enqueue(const char *task, windlass_string_t arguments,
                      const windlass_options_t *options, windlass_handle_t *handle,
                      windlass_refusal_t *refusal) {
  windlass_host_workflow_call_t call = call_of(task, arguments, options);
  windlass_host_workflow_result_own_handle_refusal_t result;
  windlass_host_workflow_enqueue(&call, &result);
  if (result.is_err) {
    return refused(refusal, result.val.err);
  }
  handle->number = result.val.ok.__handle;
  return true;
}

bool windlass_enqueue_many(const windlass_call_t *calls, size_t count, windlass_handle_t *handles,
                           windlass_refusal_t *refusal) {
  windlass_host_workflow_list_call_t list = {0};
  windlass_list_new(&list, count);
  for (size_t i = 0; i < count; i++) {
    list.ptr[i] = call_of(calls[i].task, calls[i].arguments, &calls[i].options);
  }
  windlass_host_workflow_result_list_own_handle_refusal_t result;
  windlass_host_workflow_enqueue_many(&list, &result);
  if (result.is_err) {
    return refused(refusal, result.val.err);
  }
  for (size_t i = 0; i < count; i++) {
    handles[i].number = result.val.ok.ptr[i].__handle;
  }
  return true;
}

bool windlass_find(windlass_string_t id, windlass_handle_t *handle, windlass_refusal_t *refusal) {
  check(id, "the id of windlass_find()");
  windlass_host_workflow_result_own_handle_refusal_t result;
  windlass_host_workflow_find(&id, &result);
  if (result.is_err) {
    return refused(refusal, result.val.err);
  }
  handle->number = result.val.ok.__handle;
  return true;
}

bool windlass_get_result(windlass_handle_t handle, windlass_string_t *value,
                         windlass_failure_t *failure) {
  windlass_host_workflow_result_string_failure_t result;
  windlass_host_workflow_method_handle_get_result(borrowed(handle), &result);
  if (!result.is_err) {
    *value = result.val.ok;
    return true;
  }
  windlass_host_workflow_failure_t said = result.val.err;
  windlass_string_t none = {0};
  if (failure != NULL) {
    *failure = (windlass_failure_t){said.kind, said.message,
                                    said.payload.is_some ? said.payload.val : none};
  }
  return false;
}

windlass_state_t windlass_status(windlass_handle_t handle) {
  return (windlass_state_t)windlass_host_workflow_method_handle_status(borrowed(handle));
}

void windlass_cancel(windlass_handle_t handle) {
  windlass_host_workflow_method_handle_cancel(borrowed(handle));
}

windlass_string_t windlass_handle_id(windlass_handle_t handle) {
  windlass_string_t id;
  windlass_host_workflow_method_handle_id(borrowed(handle), &id);
  return id;
}

void windlass_forget(windlass_handle_t handle) {
  windlass_host_workflow_handle_drop_own((windlass_host_workflow_own_handle_t){handle.number});
}

bool windlass_wait_any(const windlass_handle_t *handles, size_t count, uint64_t timeout_ms,
                       size_t *which) {
  windlass_host_workflow_list_borrow_handle_t list = all_of(handles, count);
  windlass_option_u64_t timeout = until(timeout_ms);
  windlass_option_u32_t ended;
  windlass_host_workflow_wait_any(&list, &timeout, &ended);
  if (ended.is_some) {
    *which = ended.val;
  }
  return ended.is_some;
}

bool windlass_wait_all(const windlass_handle_t *handles, size_t count, uint64_t timeout_ms) {
  windlass_host_workflow_list_borrow_handle_t list = all_of(handles, count);
  windlass_option_u64_t timeout = until(timeout_ms);
  return windlass_host_workflow_wait_all(&list, &timeout);
}

void windlass_sleep(uint64_t ms) {
  windlass_host_workflow_sleep(ms);
}

uint64_t windlass_now(void) {
  return windlass_host_workflow_now();
}

void windlass_random(void *bytes, size_t length) {
  for (size_t at = 0; at < length;) {
    size_t wanted = length - at < RANDOM_BYTES ? length - at : RANDOM_BYTES;
    windlass_list_u8_t list;
    windlass_scope_t scope = windlass_scope_begin();
    windlass_host_workflow_random((uint32_t)wanted, &list);
    memcpy((char *)bytes + at, list.ptr, list.len);
    at += list.len;
    windlass_scope_end(scope);
  }
}

void windlass_publish(const char *name, windlass_string_t value) {
  windlass_string_t key = windlass_string(name);
  check(key, "the name of windlass_publish()");
  check(value, "the value of windlass_publish()");
  windlass_host_workflow_publish(&key, &value);
}

bool windlass_receive(const char *name, uint64_t timeout_ms, windlass_string_t *value) {
  windlass_string_t key = windlass_string(name);
  windlass_option_u64_t timeout = until(timeout_ms);
  windlass_option_string_t message;
  windlass_host_workflow_receive(&key, &timeout, &message);
  if (message.is_some) {
    *value = message.val;
  }
  return message.is_some;
}

windlass_string_t windlass_step(const char *name, windlass_string_t (*work)(void *context),
                                void *context) {
  windlass_string_t key = windlass_string(name);
  windlass_option_string_t done;
  windlass_host_workflow_step_begin(&key, &done);
  if (!done.is_some) {
    done.val = work(context);
    check(done.val, "the result of a step");
    windlass_host_workflow_step_end(&done.val);
  }
  return done.val;
}

void windlass_continue_as_new(windlass_string_t arguments) {
  check(arguments, "the arguments of windlass_continue_as_new()");
  windlass_host_workflow_continue_as_new(&arguments);
  __builtin_unreachable();
}

#endif
