/* Options and ioctls of UNIX sockets inside. */
#include "abi/linux/ioctl.h"
#include "abi/linux/time.h"
#include "base/mem.h"
#include "kernel/ipc/sleep.h"
#include "kernel/net/unix.h"

static int option_timeout(int64_t *to, const void *value, uint32_t size)
{
	struct timeval tv;

	if (size < sizeof(tv))
		return -EINVAL;
	memcpy(&tv, value, sizeof(tv));
	if (tv.tv_usec < 0 || tv.tv_usec >= USEC_PER_SEC)
		return -EDOM;
	if (tv.tv_sec < 0 || tv.tv_sec >= INT64_MAX / NSEC_PER_SEC / 2)
		*to = 0;
	else
		*to = tv.tv_sec * NSEC_PER_SEC + tv.tv_usec * NSEC_PER_USEC;
	return 0;
}

/* Linux doubles what is asked for, within net.core.wmem_max. */
static uint32_t option_buffer(int32_t asked)
{
	uint32_t size = asked < 0 || (uint32_t)asked > UNIX_BUFFER ? UNIX_BUFFER : (uint32_t)asked;

	return size < 2304 ? 4608 : size * 2;
}

int unix_set_option(struct file *f, int level, int name, const void *value, uint32_t size)
{
	struct unix_socket *u = unix_of(f);
	int32_t number = 0;

	if (level != SOL_SOCKET)
		return -ENOPROTOOPT;
	if (name == SO_RCVTIMEO || name == SO_SNDTIMEO)
		return option_timeout(name == SO_RCVTIMEO ? &u->receive_timeout : &u->send_timeout, value, size);
	if (size < sizeof(number))
		return -EINVAL;
	memcpy(&number, value, sizeof(number));
	switch (name) {
	case SO_PASSCRED:
		u->pass_credentials = number != 0;
		return 0;
	case SO_SNDBUF:
	case SO_SNDBUFFORCE:
		u->send_buffer = option_buffer(number);
		return 0;
	case SO_RCVBUF:
	case SO_RCVBUFFORCE:
		u->receive_buffer = option_buffer(number);
		unix_tell_room(u);
		return 0;
	case SO_REUSEADDR: /* these mean nothing to a UNIX socket on Linux either */
	case SO_REUSEPORT:
	case SO_KEEPALIVE:
	case SO_BROADCAST:
	case SO_LINGER:
	case SO_OOBINLINE:
	case SO_DONTROUTE:
	case SO_PRIORITY:
		return 0;
	}
	return -ENOPROTOOPT;
}

static long option_put(void *to, uint32_t room, const void *from, uint32_t size)
{
	if (size > room)
		size = room;
	memcpy(to, from, size);
	return (long)size;
}

static long option_put_timeout(void *to, uint32_t room, int64_t ns)
{
	struct timeval tv = { ns / NSEC_PER_SEC, ns % NSEC_PER_SEC / NSEC_PER_USEC };

	return option_put(to, room, &tv, sizeof(tv));
}

static int32_t option_take_error(struct unix_socket *u)
{
	int32_t error;

	LOCKED(&u->lock);
	error = u->error;
	u->error = 0;
	return error;
}

static const struct ucred nobody = { 0, ~0U, ~0U };

long unix_get_option(struct file *f, int level, int name, void *value, uint32_t size)
{
	struct unix_socket *u = unix_of(f);
	const struct linger linger = { 0 };
	int32_t number;

	if (level != SOL_SOCKET)
		return -EOPNOTSUPP;
	switch (name) {
	case SO_TYPE:
		number = u->socket.type;
		break;
	case SO_DOMAIN:
		number = AF_UNIX;
		break;
	case SO_PROTOCOL:
	case SO_REUSEADDR:
	case SO_REUSEPORT:
	case SO_KEEPALIVE:
	case SO_BROADCAST:
		number = 0;
		break;
	case SO_ERROR:
		number = option_take_error(u);
		break;
	case SO_ACCEPTCONN:
		number = u->state == UNIX_LISTENING;
		break;
	case SO_PASSCRED:
		number = u->pass_credentials;
		break;
	case SO_SNDBUF:
		number = (int32_t)u->send_buffer;
		break;
	case SO_RCVBUF:
		number = (int32_t)u->receive_buffer;
		break;
	case SO_RCVLOWAT:
	case SO_SNDLOWAT:
		number = 1;
		break;
	case SO_LINGER:
		return option_put(value, size, &linger, sizeof(linger));
	case SO_RCVTIMEO:
		return option_put_timeout(value, size, u->receive_timeout);
	case SO_SNDTIMEO:
		return option_put_timeout(value, size, u->send_timeout);
	case SO_PEERCRED:
		return option_put(value, size, u->state == UNIX_CONNECTED ? &u->peer_credentials : &nobody,
				  sizeof(nobody));
	default:
		return -ENOPROTOOPT;
	}
	return option_put(value, size, &number, sizeof(number));
}

static uint32_t option_waiting(struct unix_socket *u)
{
	LOCKED(&u->lock);
	if (unix_connects(u) || list_empty(&u->queue))
		return u->queued;
	return container_of(u->queue.next, struct unix_message, link)->size; /* a datagram's own size */
}

long unix_ioctl(struct file *f, uint32_t request, uint64_t arg)
{
	struct unix_socket *u = unix_of(f), *peer;
	uint32_t value = 0;

	switch (request) {
	case FIONREAD:
		if (u->state == UNIX_LISTENING)
			return -EINVAL;
		value = option_waiting(u);
		break;
	case SIOCOUTQ:
		peer = unix_peer(u);
		if (peer)
			value = __atomic_load_n(&peer->queued, __ATOMIC_RELAXED);
		unix_put(peer);
		break;
	default:
		return hostsock_ioctl_any(request, arg);
	}
	return put_user_u32(arg, value);
}
