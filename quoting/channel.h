/*
 * Messages of abi/quoting.h as a whole, over sockets and pipes: adyton-quoting's with the host half and with the
 * quoting enclave, and the enclave's. Who writes has SIGPIPE blocked or is content to end by it.
 */
#ifndef ADYTON_QUOTING_CHANNEL_H
#define ADYTON_QUOTING_CHANNEL_H

#include "abi/quoting.h"

/* -errno; -EPIPE at the end; -EPROTO: no message, or a longer one than there are. */
must_check int channel_get(int fd, struct quoting_head *head, uint8_t payload[QUOTING_MAX]);
must_check int channel_put(int fd, uint32_t operation, int error, const void *payload, uint32_t size);

#endif
