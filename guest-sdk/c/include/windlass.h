/*
 * What a task written in C says to Windlass: strings, lists, errors, its log.
 *
 * Memory belongs to the call. Arguments, results and whatever the functions here return live until
 * the host has taken the call's result, and are freed then, all at once: a task frees nothing of it,
 * and may return pieces of its arguments as they are. `malloc` and `free` are there besides, for what
 * the task keeps for itself.
 *
 * The types and prototypes of the component's own functions are in <windlass/world.h>, which
 * `windlass build` makes from the WIT; workflows include <windlass/workflow.h> as well.
 */
#ifndef WINDLASS_H
#define WINDLASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A string of UTF-8: not ended by a zero. `printf("%.*s", WINDLASS_ARG(text))` prints it. */
typedef struct windlass_string_t {
  char *ptr;
  size_t len;
} windlass_string_t;

/* The two arguments of `%.*s`. */
#define WINDLASS_ARG(string) (int)(string).len, (string).ptr

#define WINDLASS_PRINTF(format, first) __attribute__((__format__(__printf__, format, first)))

/* Memory of the call, zeroed. Never NULL: what does not fit ends the invocation. */
void *windlass_alloc(size_t size);

/* A string that looks at `text`, which must live for as long as it is used: a literal, mostly. */
windlass_string_t windlass_string(const char *text);

/* A string with a copy of these bytes. */
windlass_string_t windlass_copy(const char *bytes, size_t length);

/* A string as printf makes it. */
windlass_string_t windlass_format(const char *format, ...) WINDLASS_PRINTF(1, 2);

/* The bytes from `from` to before `to`, without copying; what lies outside is left out. */
windlass_string_t windlass_slice(windlass_string_t string, size_t from, size_t to);

/* Whether two strings hold the same bytes. */
bool windlass_equal(windlass_string_t a, windlass_string_t b);

/* How many characters it has; `len` is its bytes. */
size_t windlass_characters(windlass_string_t string);

/* A copy that is ended by a zero, for functions of the C library. */
char *windlass_text(windlass_string_t string);

/* Puts an error together as printf does and returns false:
 * `return windlass_fail(error, "no item %zu", index);` */
bool windlass_fail(windlass_string_t *error, const char *format, ...) WINDLASS_PRINTF(2, 3);

/* Ends the invocation as a trap, with this message in its log. */
__attribute__((__noreturn__)) void windlass_panic(const char *format, ...) WINDLASS_PRINTF(1, 2);

/* Gives a list of the WIT `count` elements, zeroed, and returns the first of them. */
#define windlass_list_new(list, count)                                                             \
  ((list)->len = (count), (list)->ptr = windlass_list_make((list)->len, sizeof *(list)->ptr))

/* Appends an element to a list of the WIT, which began empty. */
#define windlass_list_push(list, ...)                                                              \
  ((list)->ptr = windlass_list_grow((list)->ptr, (list)->len, sizeof *(list)->ptr),                \
   (void)((list)->ptr[(list)->len++] = (__VA_ARGS__)))

/* Gives an option of the WIT a value. */
#define windlass_some(option, ...) ((option)->is_some = true, (void)((option)->val = (__VA_ARGS__)))

/* Takes an option's value away. */
#define windlass_none(option) ((void)((option)->is_some = false))

/* What the macros above call. */
void *windlass_list_make(size_t count, size_t size);
void *windlass_list_grow(void *list, size_t count, size_t size);

/* A piece of the call that gives its memory back before the call ends: a long loop, say. */
typedef struct windlass_scope_t {
  void *block;
  size_t used;
} windlass_scope_t;

windlass_scope_t windlass_scope_begin(void);

/* Frees what was allocated since. */
void windlass_scope_end(windlass_scope_t scope);

typedef enum windlass_level_t {
  WINDLASS_TRACE,
  WINDLASS_DEBUG,
  WINDLASS_INFO,
  WINDLASS_WARN,
  WINDLASS_ERROR,
} windlass_level_t;

/* Appends a line to the invocation's log, beside what goes to stdout and stderr. */
void windlass_log(windlass_level_t level, const char *format, ...) WINDLASS_PRINTF(2, 3);

/* Who is running. */
typedef struct windlass_invocation_t {
  /* The handle, unique within its namespace. */
  windlass_string_t id;
  windlass_string_t name_space;
  windlass_string_t queue;
  /* The task as the caller wrote it. */
  windlass_string_t task;
  /* 1 for the first attempt. */
  uint32_t attempt;
} windlass_invocation_t;

windlass_invocation_t windlass_this_invocation(void);

/* Tells whoever watches how far it is: `done` of `total`, with a short note. */
void windlass_progress(uint64_t done, uint64_t total, const char *note);

#ifdef __cplusplus
}
#endif

#endif
