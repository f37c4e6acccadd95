/* Descriptors that were open when the host was started: the program finds them under the same numbers. */
#include "kernel/entry/inherit.h"
#include "kernel/border/hostcall.h"
#include "kernel/fs/hostfs.h"
#include "kernel/net/socket.h"

static int inherit_file(int fd, struct file **out)
{
	struct stat st;
	long error = host_fstat(fd, &st);

	if (error)
		return (int)error;
	return S_ISSOCK(st.st_mode) ? hostsock_adopt(fd, out) : hostfs_adopt(fd, out);
}

int inherit_descriptors(const struct host_start *start)
{
	fdtable_start();
	if (start->inherited_count > HOST_INHERITED_MAX)
		return -EINVAL;
	for (uint32_t i = 0; i < start->inherited_count; i++) {
		struct file *f;
		int error = inherit_file(start->inherited[i], &f);

		if (!error)
			error = fd_inherit(f, 0, start->inherited[i]);
		if (error < 0)
			return error;
	}
	return 0;
}
