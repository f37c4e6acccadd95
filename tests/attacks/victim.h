/* Where the victim keeps secrets. Each is the 32 bytes of its file, XORed with the number of the place. */
#ifndef ADYTON_TESTS_ATTACKS_VICTIM_H
#define ADYTON_TESTS_ATTACKS_VICTIM_H

#include <stdint.h>

#define SECRET_SIZE 32

enum place { FILE_BUFFER, HEAP, STACK, THREAD_STACK, DATA, BSS, LIBRARY_DATA, LIBRARY_BSS, SHARED, MEMFD, PIPE, WRITTEN,
	     VECTOR, ARGUMENTS, JIT, PLACES };

void victim_secret(uint8_t *to, enum place place);
void victim_library(void);
void victim_say(const char *name, const void *address);

#endif
