/* What stands between us and the TPM may answer anything: none of it is taken for the TPM's, none of it overruns. */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/store/tpm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct secret_key secret = { { 3 }, SECRET_KEY_MAX };
	struct tpm t = { .stream = true, .index = 0x01800001 };
	uint8_t value[40];
	int ends[2];

	if (!size || size > 1 << 14)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) || write(ends[1], data + 1, size - 1) != (ssize_t)size - 1)
		abort();
	shutdown(ends[1], SHUT_WR);
	t.fd = ends[0];
	if (data[0] & 1)
		(void)!tpm_define(&t, &secret, sizeof(value)); /* says only that the TPM said yes */
	else if (!(data[0] & 2 ? tpm_write(&t, &secret, value, sizeof(value)) :
		   tpm_read(&t, &secret, value, sizeof(value))))
		abort(); /* nobody but the TPM knows the secret */
	close(ends[0]);
	close(ends[1]);
	return 0;
}
