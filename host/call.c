/* The dispatcher of host calls: one table, generated from abi/hostcall.def. */
#include "abi/linux/errno.h"
#include "abi/linux/syscall_nr.h"
#include "cpu/linux/sys.h"
#include "host/host.h"
#include "host/own.h"

enum call_service { SYS, SYSB, OWN, OWNB, OWNI };

struct call_row {
	uint8_t service;
	uint16_t nr;
	own_fn own;
};

#define CALL_SYS(name) .nr = __NR_##name
#define CALL_SYSB(name) .nr = __NR_##name
#define CALL_OWN(name) .own = own_##name
#define CALL_OWNB(name) .own = own_##name
#define CALL_OWNI(name) .own = own_##name
#define R(name, service_, result, kinds) { .service = service_, CALL_##service_(name) },
static const struct call_row call_rows[] = {
#include "hostcall_rows.h"
};
#undef R
#define CALL_COUNT (sizeof(call_rows) / sizeof(call_rows[0]))
_Static_assert(CALL_COUNT <= sizeof(((struct host_thread *)0)->counts) / sizeof(uint64_t), "counts");

static inline long call_row(const struct call_row *row, struct host_thread *t, struct border *b)
{
	const uint64_t *s = b->slots;

	if (row->service == SYS)
		return sys_raw6(row->nr, (long)s[0], (long)s[1], (long)s[2], (long)s[3], (long)s[4], (long)s[5]);
	if (row->service == SYSB)
		return blocking_call(row->nr, s, &b->signals);
	return row->own(t, s);
}

/* Counted for --stats, told of for --trace=hostcall. */
static __attribute__((noinline)) void call_watched(uint64_t nr, struct host_thread *t, struct border *b)
{
	t->counts[nr]++;
	if (host.traced)
		trace_before(t, nr);
	b->result = call_row(&call_rows[nr], t, b);
	if (host.traced)
		trace_after(t, nr);
}

bool call_make(struct host_thread *t)
{
	struct border *b = t->border;
	const uint64_t nr = b->nr;

	if (nr >= CALL_COUNT)
		b->result = -ENOSYS;
	else if (host.watched)
		call_watched(nr, t, b);
	else
		b->result = call_row(&call_rows[nr], t, b);
	return !t->leaving;
}
