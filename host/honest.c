/* The host as it should be. tests/evil/evil.c is the other one; the build chooses. */
#include "host/host.h"

void call_serve(struct host_thread *t)
{
	call_make(t);
}
