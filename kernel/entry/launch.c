#include "kernel/entry/launch.h"
#include "abi/linux/errno.h"
#include "base/mem.h"
#include "kernel/border/border.h"
#include "kernel/kernel.h"
#include "kernel/mm/heap.h"

#define LAUNCH_MAX (16 * MIB)

const char *launch_string(const struct launch *l, uint32_t offset)
{
	if (!offset)
		return NULL;
	if (offset >= l->size || !memchr((const char *)l + offset, 0, l->size - offset))
		kernel_die("launch block: string at %u runs over its %u bytes", offset, l->size);
	return (const char *)l + offset;
}

static struct exec_strings *launch_list(const struct launch *l, uint32_t offset, uint32_t count)
{
	struct exec_strings *to;
	uint32_t at;

	if (count > EXEC_STRINGS_MAX)
		kernel_die("launch block: %u strings, at most %u are possible", count, EXEC_STRINGS_MAX);
	if (count && (offset >= l->size || count > (l->size - offset) / sizeof(at)))
		kernel_die("launch block: a list of %u runs over its %u bytes", count, l->size);
	to = exec_strings_new(count);
	if (!to)
		kernel_die("launch block: no memory for a list of %u", count);
	for (uint32_t i = 0; i < count; i++) {
		memcpy(&at, (const char *)l + offset + i * sizeof(at), sizeof(at));
		to->list[i] = launch_string(l, at);
		if (!to->list[i])
			kernel_die("launch block: string %u of a list is missing", i);
	}
	to->count = count;
	return to;
}

struct launch_copy *launch_read(const struct host_start *start)
{
	struct launch_copy *s = heap_alloc(sizeof(*s));
	uint64_t size = start->launch_size;

	if (!s || size < sizeof(struct launch) || size > LAUNCH_MAX)
		kernel_die("launch block: %lu bytes, expected %lu to %lu", size, sizeof(struct launch), LAUNCH_MAX);
	s->block = heap_alloc(size);
	if (!s->block || border_read(s->block, start->launch, size))
		kernel_die("launch block: it cannot be read");
	if (memcmp(s->block->magic, LAUNCH_MAGIC, 8) || s->block->version != LAUNCH_VERSION || s->block->size != size)
		kernel_die("launch block: magic, version or size is not as expected");
	s->argv = launch_list(s->block, s->block->argv, s->block->argc);
	s->envp = launch_list(s->block, s->block->envp, s->block->envc);
	return s;
}
