/* ioctl(2) on host descriptors: only requests whose direction and size are known here go out. */
#include "abi/linux/ioctl.h"
#include "kernel/border/hostcall.h"
#include "kernel/fs/hostfs.h"

enum direction { NONE, GET, SET };

static const struct {
	uint32_t request;
	uint8_t direction, size;
} requests[] = {
	{ TCGETS, GET, sizeof(struct termios) },
	{ TCSETS, SET, sizeof(struct termios) },
	{ TCSETSW, SET, sizeof(struct termios) },
	{ TCSETSF, SET, sizeof(struct termios) },
	{ TCGETS2, GET, sizeof(struct termios2) },
	{ TCSETS2, SET, sizeof(struct termios2) },
	{ TCSETSW2, SET, sizeof(struct termios2) },
	{ TCSETSF2, SET, sizeof(struct termios2) },
	{ TCSBRK, NONE, 0 },
	{ TCSBRKP, NONE, 0 },
	{ TCXONC, NONE, 0 },
	{ TCFLSH, NONE, 0 },
	{ TIOCEXCL, NONE, 0 },
	{ TIOCNXCL, NONE, 0 },
	{ TIOCSCTTY, NONE, 0 },
	{ TIOCNOTTY, NONE, 0 },
	{ TIOCGPGRP, GET, 4 },
	{ TIOCSPGRP, SET, 4 },
	{ TIOCGSID, GET, 4 },
	{ TIOCOUTQ, GET, 4 },
	{ TIOCGWINSZ, GET, sizeof(struct winsize) },
	{ TIOCSWINSZ, SET, sizeof(struct winsize) },
	{ TIOCGETD, GET, 4 },
	{ TIOCSETD, SET, 4 },
	{ TIOCGPTN, GET, 4 },
	{ TIOCSPTLCK, SET, 4 },
	{ FIONREAD, GET, 4 },
	{ FIOQSIZE, GET, 8 },
};

long hostfs_ioctl(struct file *f, uint32_t request, uint64_t arg)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		uint8_t bytes[64] = { 0 };
		size_t size = requests[i].size;
		long result;

		if (requests[i].request != request)
			continue;
		if (requests[i].direction == NONE)
			return host_ioctl_none(f->host_fd, (long)request, (long)arg);
		if (requests[i].direction == SET) {
			int error = copy_from_user(bytes, arg, size);

			return error ? error : host_ioctl_set(f->host_fd, (long)request, bytes, size);
		}
		result = host_ioctl_get(f->host_fd, (long)request, bytes, size);
		if (result >= 0 && copy_to_user(arg, bytes, size))
			result = -EFAULT;
		return result;
	}
	return -ENOTTY;
}
