#include "kernel/exec/exec.h"
#include "kernel/mm/heap.h"

struct exec_strings *exec_strings_new(uint32_t room)
{
	struct exec_strings *s = heap_alloc(sizeof(*s) + room * sizeof(s->list[0]));

	if (s)
		*s = (struct exec_strings){ .room = room };
	return s;
}
