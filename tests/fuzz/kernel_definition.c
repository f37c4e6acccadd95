/* The compiled definition as the kernel reads it: what it accepts has strings that end and counts within bounds. */
#include "tests/fuzz/kernel.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/exec/definition.h"

#define KEPT_MAX 4096

static char *kept[KEPT_MAX];
static size_t kept_count;

static char *keep(const void *bytes, size_t size)
{
	char *copy = kept_count < KEPT_MAX ? calloc(1, size + 1) : NULL;

	if (copy) {
		memcpy(copy, bytes, size);
		kept[kept_count++] = copy;
	}
	return copy;
}

static size_t list_length(const char *const *list, uint32_t count)
{
	size_t length = 0;

	fuzz_check(count <= DEFINITION_LIST_MAX, "a list is no longer than its room");
	for (uint32_t i = 0; i < count; i++)
		length += strlen(list[i]);
	return length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct definition d;
	const char *why = NULL;

	memset(&d, 0, sizeof(d));
	if (!definition_parse(&d, data, size, keep, &why)) {
		fuzz_check(list_length(d.argv, d.argc) + list_length(d.envp, d.envc) +
				   list_length(d.allow_env, d.allow_envc) < SIZE_MAX, "lists can be read");
		fuzz_check(d.mount_count <= DEFINITION_MOUNTS_MAX, "there are no more mounts than room");
		for (uint32_t i = 0; i < d.mount_count; i++)
			fuzz_check(strlen(d.mounts[i].path) < size, "a mount point ends");
	} else {
		fuzz_check(why != NULL, "a refusal says why");
	}
	while (kept_count)
		free(kept[--kept_count]);
	return 0;
}
