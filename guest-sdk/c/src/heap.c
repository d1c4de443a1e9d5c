/*
 * malloc and free that look: each allocation lies between two guards, so that a task which frees
 * twice, frees what is no allocation, or writes beyond one, ends with a message that says so, and
 * not as something else much later. Only for wasm; natively the machine's own are there, with
 * AddressSanitizer. (The SDK's tests compile it natively, under other names.)
 *
 * Sizes are rounded up to powers of two and halves between; what is freed is kept by size. Memory
 * comes from memory.grow, and nobody else's is assumed to lie beside it.
 */
#if defined(__wasm__) || defined(WINDLASS_HEAP_TEST)

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "windlass.h"

#define USED 0x57a110cau
#define FREED 0xf2eedf2eu
#define TAIL 0xa5u
#define POISON 0xdfu
/* Behind what was asked for: at least one byte, so that one byte too many is seen. */
#define TAIL_BYTES 4
/* Beyond this many bytes of what was freed nobody looks for writes. */
#define LOOKED_AT 64
#define PAGE 65536
#define CLASSES 64

/* Before each allocation; as long as the alignment that malloc promises. */
typedef struct header {
  _Alignas(16) uint32_t guard;
  uint32_t size;
  uint32_t class_number;
  struct header *next;
} header;

/* More memory, or NULL. */
#ifdef __wasm__
static char *grow(size_t pages) {
  size_t before = __builtin_wasm_memory_grow(0, pages);
  return before == SIZE_MAX ? NULL : (char *)(before * PAGE);
}
#else
char *grow(size_t pages);
#endif

static header *freed[CLASSES];
static char *fresh;
static char *end;

/* Room of a class: 16, 24, 32, 48, 64, 96, … */
static size_t room_of(uint32_t class_number) {
  size_t base = (size_t)16 << (class_number / 2);
  return class_number % 2 == 0 ? base : base + base / 2;
}

static uint32_t class_of(size_t room) {
  uint32_t class_number = 0;
  while (room_of(class_number) < room) {
    class_number++;
  }
  return class_number;
}

static header *carve(size_t size) {
  size = (size + 15) & ~(size_t)15;
  if ((size_t)(end - fresh) < size) {
    size_t pages = (size + PAGE - 1) / PAGE;
    char *grown = grow(pages);
    if (grown == NULL) {
      return NULL;
    }
    if (grown != end) {
      fresh = grown;
    }
    end = grown + pages * PAGE;
  }
  header *made = (header *)fresh;
  fresh += size;
  return made;
}

/* The allocation's header, or the end of the invocation. */
static header *header_of(void *pointer, const char *function) {
  header *found = (header *)pointer - 1;
  if ((uintptr_t)pointer % 8 != 0 || (uintptr_t)pointer < sizeof(header) ||
      (found->guard != USED && found->guard != FREED)) {
    windlass_panic("%s of a pointer that is not allocated: %p was not returned by malloc, or what "
                   "lies before it was overwritten",
                   function, pointer);
  }
  if (found->guard == FREED) {
    windlass_panic("%s of a pointer that is not allocated: %p was freed before", function, pointer);
  }
  const unsigned char *tail = (const unsigned char *)pointer + found->size;
  for (int i = 0; i < TAIL_BYTES; i++) {
    if (tail[i] != TAIL) {
      windlass_panic("memory was written beyond the %u bytes that are allocated at %p",
                     (unsigned)found->size, pointer);
    }
  }
  return found;
}

/* What was freed is as it was left, or somebody wrote to it. */
static void look_at(const header *found) {
  const unsigned char *bytes = (const unsigned char *)(found + 1);
  size_t count = found->size < LOOKED_AT ? found->size : LOOKED_AT;
  for (size_t i = 0; i < count; i++) {
    if (found->guard != FREED || bytes[i] != POISON) {
      windlass_panic("memory at %p was written after it had been freed", (void *)(found + 1));
    }
  }
}

void *malloc(size_t size) {
  if (size > (size_t)1 << 31) {
    errno = ENOMEM;
    return NULL;
  }
  uint32_t class_number = class_of(size + TAIL_BYTES);
  header *found = freed[class_number];
  if (found != NULL) {
    look_at(found);
    freed[class_number] = found->next;
  } else {
    found = carve(sizeof(header) + room_of(class_number));
    if (found == NULL) {
      errno = ENOMEM;
      return NULL;
    }
  }
  *found = (header){USED, (uint32_t)size, class_number, NULL};
  memset((char *)(found + 1) + size, TAIL, TAIL_BYTES);
  return found + 1;
}

void free(void *pointer) {
  if (pointer == NULL) {
    return;
  }
  header *ended = header_of(pointer, "free()");
  memset(pointer, POISON, ended->size < LOOKED_AT ? ended->size : LOOKED_AT);
  ended->guard = FREED;
  ended->next = freed[ended->class_number];
  freed[ended->class_number] = ended;
}

void *calloc(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return NULL;
  }
  void *made = malloc(bytes);
  return made == NULL ? NULL : memset(made, 0, bytes);
}

void *realloc(void *pointer, size_t size) {
  if (pointer == NULL) {
    return malloc(size);
  }
  size_t before = header_of(pointer, "realloc()")->size;
  void *made = malloc(size);
  if (made != NULL) {
    memcpy(made, pointer, before < size ? before : size);
    free(pointer);
  }
  return made;
}

void *aligned_alloc(size_t alignment, size_t size) {
  /* malloc gives 16; a page and the like are asked for by nobody but who keeps them for good, so
   * what lies before is given away. */
  if (alignment <= 16) {
    return malloc(size);
  }
  if (alignment > PAGE || (alignment & (alignment - 1)) != 0) {
    errno = EINVAL;
    return NULL;
  }
  uint32_t class_number = class_of(size + TAIL_BYTES + alignment);
  char *from = (char *)carve(sizeof(header) + room_of(class_number) + alignment);
  if (from == NULL) {
    errno = ENOMEM;
    return NULL;
  }
  uintptr_t at = ((uintptr_t)from + sizeof(header) + alignment - 1) & ~(uintptr_t)(alignment - 1);
  header *made = (header *)at - 1;
  *made = (header){USED, (uint32_t)size, class_number, NULL};
  memset((char *)at + size, TAIL, TAIL_BYTES);
  return (void *)at;
}

int posix_memalign(void **pointer, size_t alignment, size_t size) {
  *pointer = aligned_alloc(alignment, size);
  return *pointer == NULL ? ENOMEM : 0;
}

void *memalign(size_t alignment, size_t size) {
  return aligned_alloc(alignment, size);
}

size_t malloc_usable_size(void *pointer) {
  return pointer == NULL ? 0 : header_of(pointer, "malloc_usable_size()")->size;
}

#ifdef __wasm__
/* The adapter to WASI keeps what it allocates: not memory of a call. */
__attribute__((__export_name__("cabi_realloc_adapter"))) void *
windlass_keep(void *pointer, size_t before, size_t alignment, size_t size) {
  (void)pointer;
  (void)before;
  void *made = aligned_alloc(alignment, size);
  if (made == NULL) {
    windlass_panic("no memory is left");
  }
  return made;
}

#endif

#endif
