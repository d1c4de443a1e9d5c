/*
 * Each misuse of the heap ends the process with a message that names it. Run by run.sh, which
 * compiles src/heap.c natively for it.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void *checked_malloc(size_t size);
void *checked_calloc(size_t count, size_t size);
void *checked_realloc(void *pointer, size_t size);
void *checked_aligned_alloc(size_t alignment, size_t size);
void checked_free(void *pointer);

char *grow(size_t pages) {
  return aligned_alloc(65536, pages * 65536);
}

/* What the compiler knows of no longer. */
static void *volatile seen;

static void frees_twice(void) {
  seen = checked_malloc(10);
  checked_free(seen);
  checked_free(seen);
}

static void frees_what_was_never_allocated(void) {
  static _Alignas(16) char bytes[64];
  checked_free(bytes + 32);
}

static void frees_the_middle(void) {
  seen = checked_malloc(100);
  memset(seen, 0, 100);
  checked_free((char *)seen + 16);
}

static void writes_one_byte_too_many(void) {
  seen = checked_malloc(10);
  ((char *)seen)[10] = 0;
  checked_free(seen);
}

static void writes_after_free(void) {
  seen = checked_malloc(10);
  checked_free(seen);
  ((char *)seen)[3] = 1;
  seen = checked_malloc(10);
}

static void reallocates_what_was_freed(void) {
  seen = checked_malloc(10);
  checked_free(seen);
  seen = checked_realloc(seen, 20);
}

static void ends_with(void (*misuse)(void), const char *message) {
  int ends[2];
  assert(pipe(ends) == 0);
  pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    misuse();
    _exit(0);
  }
  close(ends[1]);
  char said[2048] = {0};
  size_t length = 0;
  for (ssize_t more; (more = read(ends[0], said + length, sizeof said - 1 - length)) > 0;) {
    length += (size_t)more;
  }
  close(ends[0]);
  int status;
  assert(waitpid(child, &status, 0) == child);
  if (!WIFSIGNALED(status) || strstr(said, message) == NULL) {
    fprintf(stderr, "expected \"%s\", got \"%s\"\n", message, said);
    exit(1);
  }
}

static void what_is_used_well_works(void) {
  for (size_t size = 0; size < 5000; size += 7) {
    unsigned char *bytes = checked_malloc(size);
    assert((uintptr_t)bytes % 16 == 0);
    memset(bytes, 1, size);
    bytes = checked_realloc(bytes, size * 2 + 1);
    for (size_t i = 0; i < size; i++) {
      assert(bytes[i] == 1);
    }
    checked_free(bytes);
  }
  unsigned char *zeroed = checked_calloc(100, 10);
  for (size_t i = 0; i < 1000; i++) {
    assert(zeroed[i] == 0);
  }
  checked_free(zeroed);
  void *aligned = checked_aligned_alloc(4096, 100);
  assert((uintptr_t)aligned % 4096 == 0);
  checked_free(aligned);
  checked_free(checked_malloc(100));
  checked_free(NULL);
}

int main(void) {
  what_is_used_well_works();
  ends_with(frees_twice, "free() of a pointer that is not allocated");
  ends_with(frees_what_was_never_allocated, "was not returned by malloc");
  ends_with(frees_the_middle, "was not returned by malloc");
  ends_with(writes_one_byte_too_many, "written beyond the 10 bytes");
  ends_with(writes_after_free, "written after it had been freed");
  ends_with(reallocates_what_was_freed, "realloc() of a pointer that is not allocated");
  puts("7 tests passed");
}
