/* --trace=hostcall: a line on stderr for each call that the enclave makes. All of it the host knows anyway. */
#include "base/mem.h"
#include "cpu/linux/sys.h"
#include "host/host.h"

#define TRACE_LINE 512
#define TRACE_BUFFERS "IOBGC" /* kinds of arguments that take two slots: pointer and size */

enum trace_result { ZERO, FD, LEN, U31, POS, NEVER };

struct trace_row {
	const char *name, *kinds;
	uint8_t result;
};

#define R(name_, service, result_, kinds_) { .name = #name_, .kinds = kinds_, .result = result_ },
static const struct trace_row trace_rows[] = {
#include "hostcall_rows.h"
};
#undef R

static size_t trace_slot(char *to, size_t size, char kind, uint64_t slot)
{
	if (kind == 'S' && slot && strlen((const char *)slot) < TRACE_LINE / 4)
		return host_format(to, size, "\"%s\"", (const char *)slot);
	return (int64_t)slot < 0 && (int64_t)slot > -4096 ? host_format(to, size, "%ld", (int64_t)slot) :
							   host_format(to, size, "0x%lx", slot);
}

/* The lines of the program's own trace are no calls that anybody wants to see. */
static bool trace_is_output(const struct trace_row *row)
{
	return !strcmp(row->name, "trace") || !strcmp(row->name, "log");
}

static void trace_print(const struct host_thread *t, const struct trace_row *row)
{
	char line[TRACE_LINE];
	size_t n = host_format(line, sizeof(line), "[%d] host %s(", t->tid, row->name);
	const char *kind = row->kinds;

	for (uint32_t slot = 0; *kind && slot < 6; kind++) {
		n += host_format(line + n, sizeof(line) - n, slot ? ", " : "");
		n += trace_slot(line + n, sizeof(line) - n, *kind, t->border->slots[slot++]);
		if (memchr(TRACE_BUFFERS, *kind, sizeof(TRACE_BUFFERS) - 1) && slot < 6)
			n += host_format(line + n, sizeof(line) - n, ":%lu", t->border->slots[slot++]);
	}
	n += row->result == NEVER ? host_format(line + n, sizeof(line) - n, ") = ?\n") :
				    host_format(line + n, sizeof(line) - n, ") = %ld\n", t->border->result);
	(void)sys_write(2, line, n);
}

void trace_before(const struct host_thread *t, uint64_t call)
{
	if (trace_rows[call].result == NEVER)
		trace_print(t, &trace_rows[call]);
}

void trace_after(const struct host_thread *t, uint64_t call)
{
	if (!trace_is_output(&trace_rows[call]))
		trace_print(t, &trace_rows[call]);
}
