/* One table row per system call: its name and the kinds of its arguments (abi/syscall.def). */
#include "kernel/entry/trace.h"
#include "abi/launch.h"
#include "base/mem.h"
#include "kernel/border/hostcall.h"
#include "kernel/kernel.h"
#include "abi/linux/errno.h"
#include "kernel/mm/user.h"
#include "kernel/task/thread.h"

#define TRACE_LINE 400
#define TRACE_STRING 48

struct trace_row {
	const char *name, *args;
};

#define S(nr, name, args, support, caveat) [nr] = { #name, args },
static const struct trace_row trace_rows[] = {
#include "abi/syscall.def"
};
#undef S
#define TRACE_COUNT (sizeof(trace_rows) / sizeof(trace_rows[0]))

bool trace_on;

static bool trace_faults, trace_signals;
static bool trace_strings; /* the host asks for the log, but must not learn names that stay inside */
static bool trace_chosen[TRACE_COUNT];

/* Only those in a comma-separated list; NULL: all. */
static void trace_choose(const char *names)
{
	for (size_t nr = 0; nr < TRACE_COUNT; nr++) {
		const char *name = trace_rows[nr].name, *at = names;
		size_t length = name ? strlen(name) : 0;

		trace_chosen[nr] = !names;
		while (name && at && !trace_chosen[nr]) {
			trace_chosen[nr] = !strncmp(at, name, length) && (at[length] == ',' || !at[length]);
			at = strchr(at, ',');
			at = at ? at + 1 : NULL;
		}
	}
}

void trace_start(uint32_t what, const char *names, bool strings)
{
	trace_choose(names);
	trace_strings = strings;
	trace_on = what & LAUNCH_TRACE_SYSCALL;
	trace_faults = what & LAUNCH_TRACE_FAULT;
	trace_signals = what & LAUNCH_TRACE_SIGNAL;
}

static bool trace_wanted(uint64_t nr)
{
	return nr >= TRACE_COUNT || trace_chosen[nr];
}

void trace_fault(const struct regs *r)
{
	char line[TRACE_LINE];

	if (trace_faults)
		(void)host_trace(line,
				 format(line, sizeof(line), "[%d] fault %u (error 0x%x) at 0x%lx, address 0x%lx\n",
					current->tid, current->trap_vector, current->trap_error, r->rip,
					current->trap_address));
}

void trace_signal(int signal, uint64_t handler)
{
	char line[TRACE_LINE];

	if (trace_signals)
		(void)host_trace(line, format(line, sizeof(line), "[%d] signal %d: %s\n", current->tid, signal,
					      handler > 1 ? "handled" : handler ? "ignored" : "default action"));
}

static bool trace_kind(const char *kind, size_t length, const char *is)
{
	return strlen(is) == length && !memcmp(kind, is, length);
}

static size_t trace_string(char *to, size_t size, uint64_t from)
{
	char text[TRACE_STRING + 1];
	long n = copy_string_from_user(text, from, sizeof(text));

	if (n == -ENAMETOOLONG)
		return format(to, size, "\"%s\"...", text);
	return n < 0 ? format(to, size, "%p", (void *)from) : format(to, size, "\"%s\"", text);
}

static size_t trace_value(char *to, size_t size, const char *kind, size_t length, uint64_t value)
{
	if (trace_strings && (trace_kind(kind, length, "path") || trace_kind(kind, length, "str")))
		return trace_string(to, size, value);
	if (trace_kind(kind, length, "fd") || trace_kind(kind, length, "int") || trace_kind(kind, length, "pid") ||
	    trace_kind(kind, length, "sig"))
		return format(to, size, "%d", (int)value);
	if (trace_kind(kind, length, "size") || trace_kind(kind, length, "off") || trace_kind(kind, length, "uint"))
		return format(to, size, "%lu", value);
	return format(to, size, "0x%lx", value);
}

static size_t trace_call(char *line, size_t size, const struct regs *r, const struct trace_row *row)
{
	const uint64_t values[6] = { r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 };
	size_t at = format(line, size, "[%d] %s(", current->tid, row->name);
	const char *kind = row->args, *end;

	for (int i = 0; i < 6 && *kind && at < size; i++) {
		end = strchr(kind, ',');
		end = end ? end : kind + strlen(kind);
		if (i)
			at += format(line + at, size - at, ", ");
		if (at < size)
			at += trace_value(line + at, size - at, kind, (size_t)(end - kind), values[i]);
		kind = *end ? end + 1 : end;
	}
	return at < size ? at : size - 1;
}

static void trace_print(const struct regs *r, const char *tail, long result, bool done)
{
	static const struct trace_row unknown = { "unknown", "hex,hex,hex,hex,hex,hex" };
	const struct trace_row *row = r->orig_rax < TRACE_COUNT && trace_rows[r->orig_rax].name ?
				      &trace_rows[r->orig_rax] : &unknown;
	char line[TRACE_LINE];
	size_t at = trace_call(line, sizeof(line) - 40, r, row);

	at += done ? format(line + at, sizeof(line) - at, result < 1L << 31 ? ") = %ld\n" : ") = 0x%lx\n", result) :
		     format(line + at, sizeof(line) - at, "%s", tail);
	(void)host_trace(line, at < sizeof(line) ? at : sizeof(line) - 1);
}

/* Calls that do not come back, or that change the registers that the line is made of, are shown when they begin. */
static bool trace_at_start(uint64_t nr)
{
	return nr == 15 || nr == 60 || nr == 231;
}

void trace_enter(const struct regs *r)
{
	if (trace_at_start(r->orig_rax) && trace_wanted(r->orig_rax))
		trace_print(r, ") = ?\n", 0, false);
}

void trace_leave(const struct regs *r)
{
	if (!trace_at_start(r->orig_rax) && trace_wanted(r->orig_rax))
		trace_print(r, "", (long)r->rax, true);
}
