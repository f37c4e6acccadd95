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

/* Such a result must not reach the program, even if the signal that caused it went to another thread meanwhile. */
static bool syscall_interrupted(uint64_t result)
{
	return result >= (uint64_t)-ERESTART_RESTARTBLOCK && result <= (uint64_t)-ERESTARTSYS;
}

void syscall_dispatch(struct regs *r)
{
	uint64_t nr = r->orig_rax;
	syscall_fn handler = nr < SYSCALL_COUNT ? syscall_table[nr] : NULL;

	if (trace_on)
		trace_enter(r);
	r->rax = (uint64_t)(handler ? handler(r) : -ENOSYS);
	if (syscall_interrupted(r->rax))
		__atomic_or_fetch(&current->work, WORK_SIGNAL, __ATOMIC_RELAXED);
	if (trace_on)
		trace_leave(r);
}
