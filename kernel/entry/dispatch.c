/* From the number in RAX to the handler, by abi/syscall.def. */
#include "kernel/entry/entry.h"
#include "kernel/entry/trace.h"
#include "kernel/syscall.h"

typedef long (*syscall_fn)(const struct regs *r);

#define SYSCALL_FULL(nr, name) [nr] = sys_##name,
#define SYSCALL_PARTIAL(nr, name) [nr] = sys_##name,
#define SYSCALL_NONE(nr, name)
#define S(nr, name, args, support, caveat) SYSCALL_##support(nr, name)
static const syscall_fn syscall_table[] = {
#include "abi/syscall.def"
};
#undef S
#define SYSCALL_COUNT (sizeof(syscall_table) / sizeof(syscall_table[0]))

void syscall_dispatch(struct regs *r)
{
	uint64_t nr = r->orig_rax;
	syscall_fn handler = nr < SYSCALL_COUNT ? syscall_table[nr] : NULL;

	if (trace_on)
		trace_enter(r);
	r->rax = (uint64_t)(handler ? handler(r) : -ENOSYS);
	if (trace_on)
		trace_leave(r);
}
