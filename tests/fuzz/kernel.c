#undef _GNU_SOURCE /* its <stdio.h> has constants that abi/linux has, too */
#include "tests/fuzz/kernel.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/fs/file.h"
#include "kernel/kernel.h"
#include "kernel/mm/heap.h"

jmp_buf fuzz_died;

static void *fuzz_heap[FUZZ_HEAP_MAX];
static struct {
	const uint8_t *data;
	size_t size;
} fuzz_content;

void fuzz_check(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

void kernel_die(const char *how, ...)
{
	(void)how;
	longjmp(fuzz_died, 1);
}

void *heap_alloc(size_t size)
{
	for (int i = 0; i < FUZZ_HEAP_MAX; i++)
		if (!fuzz_heap[i])
			return fuzz_heap[i] = calloc(1, size);
	return NULL;
}

void heap_free(void *p)
{
	for (int i = 0; i < FUZZ_HEAP_MAX; i++)
		if (p && fuzz_heap[i] == p)
			fuzz_heap[i] = NULL;
	free(p);
}

void fuzz_heap_clear(void)
{
	for (int i = 0; i < FUZZ_HEAP_MAX; i++) {
		free(fuzz_heap[i]);
		fuzz_heap[i] = NULL;
	}
}

static long fuzz_read(struct file *f, const struct iov *to, int64_t *pos)
{
	uint64_t at = (uint64_t)*pos, n;

	(void)f;
	if (*pos < 0)
		return -EINVAL;
	if (at >= fuzz_content.size)
		return 0;
	n = fuzz_content.size - at < to->total ? fuzz_content.size - at : to->total;
	memcpy((void *)to->one.addr, fuzz_content.data + at, n);
	*pos += (int64_t)n;
	return (long)n;
}

struct file *fuzz_file(const uint8_t *data, size_t size)
{
	static const struct file_ops ops = { .kind = "fuzz", .read = fuzz_read };
	static struct file f = { .ops = &ops };

	fuzz_content.data = data;
	fuzz_content.size = size;
	return &f;
}
