/* Descriptors that were open when the host was started: the program finds them under the same numbers. */
#include "kernel/entry/inherit.h"
#include "kernel/fs/file.h"
#include "kernel/net/rights.h"

int inherit_descriptors(const struct host_start *start)
{
	fdtable_start();
	if (start->inherited_count > HOST_INHERITED_MAX)
		return -EINVAL;
	for (uint32_t i = 0; i < start->inherited_count; i++) {
		struct file *f;
		int error = rights_adopt(start->inherited[i], &f);

		if (!error)
			error = fd_inherit(f, 0, start->inherited[i]);
		if (error < 0)
			return error;
	}
	return 0;
}
