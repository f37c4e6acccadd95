/* The host as it should be. tests/evil/evil.c is the other one; the build chooses. */
#include "host/host.h"

const struct cpu_ops *serve_processor(const struct cpu_ops *cpu)
{
	return cpu;
}

bool call_serve(struct host_thread *t)
{
	return call_make(t);
}
