#include "quoting/enclave.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int device_open(const char *name, int flags)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/dev/attestation/%s", name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int device_read(const char *name, void *to, size_t size)
{
	int fd = device_open(name, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, to, size);
	if (n < 0)
		n = -errno;
	else if ((size_t)n != size)
		n = -EIO;
	close(fd);
	return n < 0 ? (int)n : 0;
}

int device_write(const char *name, const void *from, size_t size)
{
	int fd = device_open(name, O_WRONLY);
	int error = 0;

	if (fd < 0)
		return fd;
	if (write(fd, from, size) != (ssize_t)size)
		error = -errno;
	close(fd);
	return error;
}

int device_self(const uint8_t data[64], struct sgx_report_body *out)
{
	uint8_t report[SGX_REPORT_BYTES];
	int error = device_write("user_report_data", data, 64);

	if (!error)
		error = device_read("report", report, sizeof(report));
	if (!error)
		memcpy(out, report, sizeof(*out));
	return error;
}
