/* A program's struct msghdr, taken in and given back. */
#ifndef ADYTON_KERNEL_NET_MESSAGE_H
#define ADYTON_KERNEL_NET_MESSAGE_H

#include "kernel/net/socket.h"

#define MESSAGE_FEW 8

struct message {
	struct msghdr head;
	struct iov data;
	struct piece few[MESSAGE_FEW];
	struct piece *pieces; /* few, or heap */
	struct host_msg sides;
	bool plain; /* neither address nor control: for sending, `sides` is not used */
};

/* For sending, address and control come along; for receiving, the room for them. Ended by message_end(). */
int message_read(struct message *m, uint64_t user, bool receive) must_check;
/* After receiving: what came beside the bytes. */
int message_write_back(struct message *m, uint64_t user) must_check;
void message_end(struct message *m);

#endif
