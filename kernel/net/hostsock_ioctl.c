/* ioctl(2) of host sockets: only requests whose argument is known to hold no address. */
#include "abi/linux/errno.h"
#include "abi/linux/ioctl.h"
#include "base/mem.h"
#include "kernel/border/hostcall.h"
#include "kernel/net/socket.h"

#define HOSTSOCK_INTERFACES_MAX 256

static long hostsock_get_int(int32_t fd, uint32_t request, uint64_t arg)
{
	uint32_t value = 0;
	long r = host_ioctl_get(fd, (long)request, &value, sizeof(value));

	return r < 0 ? r : put_user_u32(arg, value);
}

static long hostsock_ifreq(int32_t fd, uint32_t request, uint64_t arg)
{
	struct ifreq r;
	long error = copy_from_user(&r, arg, sizeof(r));

	if (!error)
		error = host_ioctl_both(fd, (long)request, &r, sizeof(r));
	return error < 0 ? error : copy_to_user(arg, &r, sizeof(r));
}

/* One interface of SIOCGIFCONF: name and IPv4 address. -ENODEV: no such index; -EADDRNOTAVAIL: it has no address. */
static long hostsock_interface(int32_t fd, uint32_t index, struct ifreq *r)
{
	long error;

	memset(r, 0, sizeof(*r));
	memcpy(r->ifr_ifru, &index, sizeof(index));
	error = host_ioctl_both(fd, SIOCGIFNAME, r, sizeof(*r));
	if (error < 0)
		return error;
	return host_ioctl_both(fd, SIOCGIFADDR, r, sizeof(*r));
}

/* The list has an address in its argument, so it is put together from calls that have none. */
static long hostsock_ifconf(int32_t fd, uint64_t arg)
{
	struct ifconf list;
	uint32_t done = 0, misses = 0;

	if (copy_from_user(&list, arg, sizeof(list)))
		return -EFAULT;
	for (uint32_t i = 1; i < HOSTSOCK_INTERFACES_MAX && misses < 16; i++) {
		struct ifreq r;

		if (hostsock_interface(fd, i, &r) < 0) {
			misses++;
			continue;
		}
		misses = 0;
		if (list.ifc_buf) {
			if (done + sizeof(r) > (uint32_t)list.ifc_len)
				break;
			if (copy_to_user(list.ifc_buf + done, &r, sizeof(r)))
				return -EFAULT;
		}
		done += (uint32_t)sizeof(r);
	}
	list.ifc_len = (int32_t)done;
	return copy_to_user(arg, &list, sizeof(list));
}

/* -ENOTTY: not about an interface. */
static long hostsock_interfaces(int32_t fd, uint32_t request, uint64_t arg)
{
	switch (request) {
	case SIOCGIFNAME:
	case SIOCGIFFLAGS:
	case SIOCGIFADDR:
	case SIOCGIFBRDADDR:
	case SIOCGIFNETMASK:
	case SIOCGIFMTU:
	case SIOCGIFHWADDR:
	case SIOCGIFINDEX:
	case SIOCGIFTXQLEN:
		return hostsock_ifreq(fd, request, arg);
	case SIOCGIFCONF:
		return hostsock_ifconf(fd, arg);
	}
	return -ENOTTY;
}

long hostsock_ioctl(struct file *f, uint32_t request, uint64_t arg)
{
	switch (request) {
	case FIONREAD:
	case SIOCOUTQ:
	case SIOCATMARK:
		return hostsock_get_int(f->host_fd, request, arg);
	}
	return hostsock_interfaces(f->host_fd, request, arg);
}

long hostsock_ioctl_any(uint32_t request, uint64_t arg)
{
	long fd, r;

	if (request >> 8 != SIOCGIFNAME >> 8)
		return -ENOTTY;
	fd = host_socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	r = hostsock_interfaces((int32_t)fd, request, arg);
	(void)host_close(fd);
	return r;
}
