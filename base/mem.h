/* Memory and string primitives for freestanding code; the names and meanings are the C standard's. */
#ifndef ADYTON_BASE_MEM_H
#define ADYTON_BASE_MEM_H

#include "abi/types.h"

/* Small copies of known size are done in place, even where -ffreestanding forbids the compiler to know the names. */
#define memcpy(to, from, size) __builtin_memcpy(to, from, size)
#define memset(to, byte, size) __builtin_memset(to, byte, size)

#pragma push_macro("memcpy")
#pragma push_macro("memset")
#undef memcpy
#undef memset
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
#pragma pop_macro("memcpy")
#pragma pop_macro("memset")
int memcmp(const void *a, const void *b, size_t size);
void *memchr(const void *from, int byte, size_t size);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);

/* Zero memory in a way that the compiler cannot drop. */
void mem_wipe(void *to, size_t size);
/* Compare without a branch on the contents: true when equal. For MACs and keys. */
bool mem_equal_secret(const void *a, const void *b, size_t size);
/* Copy a NUL-terminated string, cut to fit; returns the length it wanted. */
size_t str_copy(char *to, size_t size, const char *from);

#endif
