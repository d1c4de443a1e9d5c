/*
 * What a task asks of its host. Natively, as in a test, it answers for itself.
 */
#include <stdarg.h>
#include <stdio.h>

#include "windlass.h"

windlass_string_t windlass_format_list(const char *format, va_list arguments);

#ifdef WINDLASS_TASK

#include "bindings.h"

static void write_line(windlass_level_t level, windlass_string_t message) {
  windlass_host_task_log((uint8_t)level, &message);
}

windlass_invocation_t windlass_this_invocation(void) {
  windlass_host_task_invocation_t found;
  windlass_host_task_this_invocation(&found);
  return (windlass_invocation_t){found.id, found.namespace_, found.queue, found.task,
                                 found.attempt};
}

void windlass_progress(uint64_t done, uint64_t total, const char *note) {
  windlass_string_t text = windlass_string(note);
  windlass_host_task_progress(done, total, &text);
}

#else

static void write_line(windlass_level_t level, windlass_string_t message) {
  static const char *const names[] = {"trace", "debug", "info", "warn", "error"};
  fprintf(stderr, "%s: %.*s\n", names[level], WINDLASS_ARG(message));
}

windlass_invocation_t windlass_this_invocation(void) {
#ifdef __wasm__
  windlass_panic("windlass_this_invocation() needs `include windlass:host/tasks@0.1.0;` in the "
                 "world of the WIT");
#else
  return (windlass_invocation_t){windlass_string("00000000-0000-7000-8000-000000000000"),
                                 windlass_string("default"), windlass_string("default"),
                                 windlass_string("test"), 1};
#endif
}

void windlass_progress(uint64_t done, uint64_t total, const char *note) {
  fprintf(stderr, "%llu of %llu: %s\n", (unsigned long long)done, (unsigned long long)total, note);
}

#endif

void windlass_log(windlass_level_t level, const char *format, ...) {
  windlass_scope_t scope = windlass_scope_begin();
  va_list arguments;
  va_start(arguments, format);
  windlass_string_t message = windlass_format_list(format, arguments);
  va_end(arguments);
  write_line(level, message);
  windlass_scope_end(scope);
}
