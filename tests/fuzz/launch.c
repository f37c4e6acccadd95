/* The launch block: what is accepted has strings that end inside it. */
#include "tests/fuzz/kernel.h"

#include <string.h>

#include "abi/linux/errno.h"
#include "kernel/border/border.h"
#include "kernel/entry/launch.h"
#include "kernel/mm/heap.h"

static const uint8_t *launch_bytes;

int border_read(void *to, uint64_t address, uint64_t size)
{
	if (address)
		return -EFAULT;
	memcpy(to, launch_bytes, size);
	return 0;
}

static void launch_look(const struct exec_strings *s, const struct launch *l)
{
	for (uint32_t i = 0; i < s->count; i++)
		fuzz_check(s->list[i] + strlen(s->list[i]) < (const char *)l + l->size,
			   "a string ends inside the block");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct host_start start = { .launch_size = size };

	launch_bytes = data;
	if (!setjmp(fuzz_died)) {
		const struct launch_copy *l = launch_read(&start);

		launch_look(l->argv, l->block);
		launch_look(l->envp, l->block);
		(void)launch_string(l->block, l->block->cwd);
		(void)launch_string(l->block, l->block->program);
	}
	fuzz_heap_clear();
	return 0;
}
