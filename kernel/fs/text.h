/* Text that grows while it is written: what files of /proc and /sys say. */
#ifndef ADYTON_KERNEL_FS_TEXT_H
#define ADYTON_KERNEL_FS_TEXT_H

#include "kernel/kernel.h"

struct text {
	char *data; /* heap */
	size_t length, room;
	bool failed; /* no memory: what follows is dropped */
};

void text_add(struct text *t, const char *how, ...) printf_like(2, 3);
void text_bytes(struct text *t, const void *bytes, size_t size);
/* A name as Linux writes it in maps and mounts: blanks and backslashes as octal escapes. */
void text_escaped(struct text *t, const char *name);
void text_octal(struct text *t, uint64_t value);
/* Room for `size` more bytes at data + length, or false. */
bool text_reserve(struct text *t, size_t size);
void text_free(struct text *t);

#endif
