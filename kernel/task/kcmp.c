/* kcmp(2): there is one process, so all its threads share everything; descriptors may differ. */
#include "kernel/fs/file.h"
#include "kernel/mm/user.h"
#include "kernel/syscall.h"
#include "kernel/task/task.h"

enum kcmp_type { KCMP_FILE, KCMP_VM, KCMP_FILES, KCMP_FS, KCMP_SIGHAND, KCMP_IO, KCMP_SYSVSEM, KCMP_EPOLL_TFD };

SYSCALL5(kcmp, int, pid1, int, pid2, int, type, uint64_t, index1, uint64_t, index2)
{
	if (!task_is_thread(pid1) || !task_is_thread(pid2))
		return -ESRCH;
	if (type == KCMP_FILE) {
		_cleanup_file_ struct file *a = fd_get((int)index1), *b = fd_get((int)index2);

		if (!a || !b)
			return -EBADF;
		return a == b ? 0 : a < b ? 1 : 2;
	}
	if (type == KCMP_EPOLL_TFD)
		return -EOPNOTSUPP;
	return type > KCMP_FILE && type < KCMP_EPOLL_TFD ? 0 : -EINVAL;
}
