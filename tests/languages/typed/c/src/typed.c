// Workflows that call `demo:hello` by its type: each call is enqueued and waited for.

#include <windlass/world.h>

bool typed_sum(int64_t n, int64_t *ok, windlass_string_t *error) {
  for (int64_t i = 1; i <= n; i++) {
    if (!hello_tasks_add(*ok, i, ok, error)) {
      return false;
    }
  }
  return true;
}

windlass_list_string_t typed_greet(const windlass_list_string_t *names) {
  windlass_list_string_t greetings = {0};
  for (size_t i = 0; i < names->len; i++) {
    windlass_list_push(&greetings, hello_tasks_greet(names->ptr[i]));
  }
  return greetings;
}

bool typed_fails(windlass_string_t message, windlass_string_t *ok, windlass_string_t *error) {
  return hello_tasks_fail(message, ok, error);
}
