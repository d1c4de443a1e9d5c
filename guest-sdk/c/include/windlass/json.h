/*
 * As much JSON as workflows need: arguments are written, results are read, a value at a time.
 *
 *   windlass_json_t json = {0};
 *   windlass_json_open(&json, '[');
 *   windlass_json_string(&json, letter);
 *   windlass_json_u64(&json, 3);
 *   windlass_json_close(&json, ']');     // json.text is ["dear Ada",3]
 *
 * Commas come by themselves. Everything lives as long as the call.
 */
#ifndef WINDLASS_JSON_H
#define WINDLASS_JSON_H

#include <windlass.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct windlass_json_t {
  /* What was written. */
  windlass_string_t text;
  size_t room;
} windlass_json_t;

/* `[` or `{`. */
void windlass_json_open(windlass_json_t *json, char bracket);
/* `]` or `}`. */
void windlass_json_close(windlass_json_t *json, char bracket);
/* The name of the member that comes next. */
void windlass_json_key(windlass_json_t *json, const char *name);
void windlass_json_string(windlass_json_t *json, windlass_string_t value);
void windlass_json_u64(windlass_json_t *json, uint64_t value);
void windlass_json_s64(windlass_json_t *json, int64_t value);
/* NaN and the infinities are written as the texts that Windlass takes for them. */
void windlass_json_f64(windlass_json_t *json, double value);
void windlass_json_bool(windlass_json_t *json, bool value);
void windlass_json_null(windlass_json_t *json);
/* A value that is JSON already. */
void windlass_json_raw(windlass_json_t *json, windlass_string_t value);

/* The value of a member of an object, as JSON. Each of these returns false, and touches nothing, if
 * there is no such thing. */
bool windlass_json_member(windlass_string_t object, const char *name, windlass_string_t *value);
/* The value of an element of an array, as JSON. */
bool windlass_json_element(windlass_string_t array, size_t index, windlass_string_t *value);
bool windlass_json_read_string(windlass_string_t json, windlass_string_t *value);
bool windlass_json_read_u64(windlass_string_t json, uint64_t *value);
bool windlass_json_read_s64(windlass_string_t json, int64_t *value);
bool windlass_json_read_f64(windlass_string_t json, double *value);
bool windlass_json_read_bool(windlass_string_t json, bool *value);
bool windlass_json_is_null(windlass_string_t json);

#ifdef __cplusplus
}
#endif

#endif
