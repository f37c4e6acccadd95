/*
 * Inside an enclave: have the report data of the argument quoted, and print the quote. The exit status is the error of
 * Linux, for the caller to put into words.
 */
#include "base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static uint8_t quote[64 << 10];
	uint8_t data[64];
	ssize_t size;
	int fd;

	if (argc != 2 || strlen(argv[1]) != 2 * sizeof(data) ||
	    !hex_decode(argv[1], 2 * sizeof(data), data, sizeof(data)))
		return EINVAL;
	fd = open("/dev/attestation/user_report_data", O_WRONLY);
	if (fd < 0 || write(fd, data, sizeof(data)) != sizeof(data))
		return errno;
	close(fd);
	fd = open("/dev/attestation/quote", O_RDONLY);
	size = fd < 0 ? -1 : read(fd, quote, sizeof(quote));
	if (size < 0)
		return errno;
	for (ssize_t done = 0; done < size;) {
		ssize_t n = write(1, quote + done, (size_t)(size - done));

		if (n <= 0)
			return EIO;
		done += n;
	}
	return 0;
}
