/*
 * The few commands of a TPM 2.0 (TCG Library Part 3) that an NV index needs, in sessions whose HMAC both sides compute
 * from the index's secret: who carries the messages can drop them, but neither change them nor answer for the TPM.
 */
#ifndef ADYTON_SERVER_STORE_TPM_H
#define ADYTON_SERVER_STORE_TPM_H

#include "crypto/key.h"

struct tpm {
	int fd;
	bool stream;    /* a socket: an answer may come in pieces */
	uint32_t index; /* 0x01...... */
};

/* "device:/dev/tpmrm0#01800001", "unix:/path#01800001". -errno; -EINVAL: not such an address. */
must_check int tpm_open(struct tpm *t, const char *address);
void tpm_close(struct tpm *t);

/*
 * -ENOENT: the index is not defined, or was never written; -EACCES: it is defined with another secret; -EBADMSG: the
 * answer is not the TPM's; -EIO with what the TPM said on standard error.
 */
must_check int tpm_define(struct tpm *t, const struct secret_key *secret, uint16_t size);
must_check int tpm_read(struct tpm *t, const struct secret_key *secret, void *to, uint16_t size);
must_check int tpm_write(struct tpm *t, const struct secret_key *secret, const void *from, uint16_t size);

#endif
