// The workflow of {{name}}: it enqueues the task for each letter, waits, and adds up.

#include <windlass/workflow.h>
#include <windlass/world.h>

static windlass_string_t stamp(void *now) {
  return windlass_format("%llu", (unsigned long long)*(uint64_t *)now);
}

// Enqueues the task for one letter, on the workflow's own queue.
static bool enqueue(windlass_string_t letter, windlass_handle_t *handle, windlass_string_t *error) {
  windlass_json_t arguments = {0};
  windlass_json_open(&arguments, '[');
  windlass_json_string(&arguments, letter);
  windlass_json_close(&arguments, ']');
  windlass_refusal_t refusal;
  if (!windlass_enqueue("summarize", arguments.text, NULL, handle, &refusal)) {
    return windlass_fail(error, "%.*s", WINDLASS_ARG(refusal.message));
  }
  return true;
}

bool workflows_add_up(const windlass_list_string_t *letters, workflows_totals_t *totals,
                      windlass_string_t *error) {
  windlass_handle_t *handles = windlass_alloc(letters->len * sizeof *handles);
  for (size_t i = 0; i < letters->len; i++) {
    if (!enqueue(letters->ptr[i], &handles[i], error)) {
      return false;
    }
  }
  windlass_wait_all(handles, letters->len, WINDLASS_FOREVER);
  windlass_sleep(10);
  // Done once, whatever happens: a replay takes what was recorded. Inside nothing is asked of the host.
  uint64_t now = windlass_now();
  windlass_json_read_u64(windlass_step("stamp", stamp, &now), &totals->stamped);
  totals->letters = (uint32_t)letters->len;
  windlass_publish("letters", windlass_format("%zu", letters->len));
  for (size_t i = 0; i < letters->len; i++) {
    windlass_string_t summary;
    windlass_failure_t failure;
    if (!windlass_get_result(handles[i], &summary, &failure)) {
      windlass_string_t why = windlass_failure_text(&failure);
      return windlass_fail(error, "letter %zu: %.*s", i, WINDLASS_ARG(why));
    }
    windlass_string_t words;
    windlass_string_t longest;
    uint64_t count;
    if (!windlass_json_member(summary, "words", &words) ||
        !windlass_json_read_u64(words, &count) ||
        !windlass_json_member(summary, "longest", &longest) ||
        !windlass_json_read_string(longest, &longest)) {
      return windlass_fail(error, "letter %zu: no summary: %.*s", i, WINDLASS_ARG(summary));
    }
    totals->words += (uint32_t)count;
    if (windlass_characters(longest) > windlass_characters(totals->longest)) {
      totals->longest = longest;
    }
  }
  return true;
}
