/* Control messages at the border with the host. */
#ifndef ADYTON_KERNEL_NET_CONTROL_H
#define ADYTON_KERNEL_NET_CONTROL_H

#include "abi/hostcall.h"
#include "abi/linux/socket.h"

/*
 * The message at *at of a control area, or NULL at the end; *at moves on. -EINVAL in *error when the area is malformed.
 */
const struct cmsghdr *control_next(const uint8_t *area, uint32_t size, uint32_t *at, int *error);
/* May this be sent to the host? Descriptors and credentials of the enclave mean nothing there: -EOPNOTSUPP. */
int control_check_send(const struct host_msg *m) must_check;
/* Bound what the host reported. */
void control_bound_received(struct host_msg *m);
/* The same, and drop what must not come in. */
void control_clean_received(struct host_msg *m);

#endif
