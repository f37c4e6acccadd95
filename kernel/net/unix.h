/*
 * UNIX sockets between ends of this process. Each receiving end owns a queue of messages; a sender puts them there.
 *
 * Lock order: one socket's lock at a time (never two), wait queues below; the table of names has a lock of its own that
 * is taken alone. A socket lives as long as its file, its peer and the table need it (refs).
 */
#ifndef ADYTON_KERNEL_NET_UNIX_H
#define ADYTON_KERNEL_NET_UNIX_H

#include "base/list.h"
#include "kernel/net/socket.h"
#include "kernel/sync/wait.h"

#define UNIX_BUFFER 212992U   /* net.core.wmem_default */
#define UNIX_MESSAGE 32768U   /* the largest piece of a stream in one message */
#define UNIX_DATAGRAMS_MAX 512U

enum unix_state { UNIX_OPEN, UNIX_LISTENING, UNIX_CONNECTED };

struct unix_socket {
	struct socket socket;
	uint32_t refs; /* atomic */
	struct lock lock; /* everything below but the wait queue */
	struct waitq wait;
	enum unix_state state;
	bool dead;        /* its file is gone */
	bool read_shut, write_shut; /* shutdown(2) */
	bool eof;         /* the peer will send no more */
	bool peer_gone;   /* the peer's file is closed */
	bool receiving;   /* a reader copies from the queue's front, outside the lock; others wait */
	bool pass_credentials;
	bool unaccepted;  /* a server end that still waits in a backlog */
	int32_t error;    /* SO_ERROR */

	struct unix_socket *peer; /* a reference; streams: set once */
	struct list fans;     /* sockets whose peer this is: told when room comes */
	struct list fan_link; /* in the peer's list; the peer's lock */

	struct list queue;    /* struct unix_message */
	uint32_t queued, messages;
	uint32_t send_buffer, receive_buffer;

	struct list backlog;  /* listening: server ends waiting for accept */
	struct list backlog_link; /* the listener's lock */
	uint32_t backlog_count, backlog_max;

	uint32_t name_size;   /* with the family; 0: unnamed. Constant once set */
	uint8_t name[sizeof(struct sockaddr_un)];
	struct inode *inode;  /* of a bound path */
	struct list name_link; /* the table's lock */

	struct ucred peer_credentials;
	int64_t receive_timeout, send_timeout; /* ns, 0: none */
};

struct unix_message {
	struct list link;
	uint32_t size, at; /* bytes, and those taken already (streams) */
	uint32_t name_size; /* the sender's, when it has one */
	uint8_t name[sizeof(struct sockaddr_un)];
	struct ucred credentials;
	uint32_t file_count;
	struct file **files; /* references */
	uint8_t data[];
};

static inline struct unix_socket *unix_of(const struct file *f)
{
	return container_of(f->data, struct unix_socket, socket);
}

static inline bool unix_connects(const struct unix_socket *u)
{
	return u->socket.type != SOCK_DGRAM;
}

/* unix.c */
struct unix_socket *unix_get(struct unix_socket *u);
void unix_put(struct unix_socket *u);
/* The peer, a reference, or NULL. */
struct unix_socket *unix_peer(struct unix_socket *u) must_check;
int64_t unix_deadline(const struct file *f, int64_t timeout, uint32_t flags); /* 0: do not wait */
struct ucred unix_own_credentials(void);
/* May a sender put something into u? u->lock is held, or the answer is a hint. */
bool unix_has_room(const struct unix_socket *u);
/* Tell everybody who sends to u that there is room. u->lock is not held. */
void unix_tell_room(struct unix_socket *u);

/* unix_send.c */
struct unix_message *unix_message_new(uint32_t size) must_check;
void unix_message_free(struct unix_message *m);
long unix_send(struct file *f, const struct iov *data, const struct host_msg *m, uint32_t flags);
/* unix_recv.c */
long unix_recv(struct file *f, const struct iov *data, struct host_msg *m, uint32_t flags);

/* unix_control.c */
/* Take descriptors and credentials out of a control area into a message. */
int unix_control_take(struct unix_message *m, const struct host_msg *from) must_check;
/* May this process send these SCM_CREDENTIALS? -EINVAL, -EPERM */
int unix_control_check_credentials(const struct cmsghdr *c) must_check;
/*
 * Append them to a receiver's control area (room is what the program gave), installing the descriptors; may set flags.
 */
void unix_control_give_credentials(const struct unix_message *from, struct host_msg *m, uint32_t room);
void unix_control_give_files(const struct unix_message *from, struct host_msg *m, uint32_t room, uint32_t flags);

/* unix_name.c */
#define UNIX_ON_HOST 1 /* the name lives in a host directory: hostsock it is */
/* Check an address; a path gets its NUL and its size without what follows. -EINVAL. */
int unix_name_check(struct host_addr *addr) must_check;
/* The socket bound to a name, a reference; or UNIX_ON_HOST. */
int unix_name_find(const struct host_addr *addr, struct unix_socket **out) must_check;
/* Bind: 0, UNIX_ON_HOST, or an error. */
int unix_name_bind(struct unix_socket *u, const struct host_addr *addr) must_check;
bool unix_name_exists(const struct host_addr *addr); /* a path that leads somewhere */
void unix_name_remove(struct unix_socket *u);

/* unix_option.c */
int unix_set_option(struct file *f, int level, int name, const void *value, uint32_t size);
long unix_get_option(struct file *f, int level, int name, void *value, uint32_t size);
long unix_ioctl(struct file *f, uint32_t request, uint64_t arg);

/* unix_connect.c */
int unix_bind(struct file *f, const struct host_addr *addr);
int unix_connect(struct file *f, const struct host_addr *addr);
int unix_listen(struct file *f, int backlog);
int unix_accept(struct file *f, struct file **out, struct host_addr *peer, uint32_t flags);
void unix_join(struct unix_socket *a, struct unix_socket *b); /* fresh ends become a connected pair */
struct unix_socket *unix_new(uint32_t type) must_check;
int unix_file(struct unix_socket *u, uint32_t flags, struct file **out) must_check; /* takes over u's reference */
void unix_close(struct unix_socket *u); /* the end of a file, or of a server end that nobody accepted */

#endif
