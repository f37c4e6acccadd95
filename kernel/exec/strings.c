#include "kernel/exec/exec.h"
#include "base/mem.h"
#include "kernel/mm/heap.h"

struct exec_kept {
	struct exec_kept *next;
	char text[];
};

struct exec_strings *exec_strings_new(uint32_t room)
{
	struct exec_strings *s = heap_alloc(sizeof(*s) + room * sizeof(s->list[0]));

	if (s)
		*s = (struct exec_strings){ .room = room };
	return s;
}

char *exec_strings_keep(struct exec_strings *s, size_t size)
{
	struct exec_kept *kept = heap_alloc(sizeof(*kept) + size);

	if (!kept)
		return NULL;
	kept->next = s->kept;
	s->kept = kept;
	return kept->text;
}

void exec_strings_free(struct exec_strings *s)
{
	struct exec_kept *next;

	for (struct exec_kept *at = s ? s->kept : NULL; at; at = next) {
		next = at->next;
		heap_free(at);
	}
	heap_free(s);
}
