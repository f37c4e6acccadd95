/* Lets a script play AESM:  driver SOCKET REPORT-FILE  prints the target's information and the quote. */
#include "quoting/aesm.h"

#include <stdio.h>
#include <stdlib.h>

static void driver_print(const char *name, const void *bytes, size_t size)
{
	const uint8_t *b = bytes;

	(void)printf("%s ", name);
	for (size_t i = 0; i < size; i++)
		(void)printf("%02x", b[i]);
	(void)printf("\n");
}

static int driver_run(const char *socket, const char *path, struct fail *f)
{
	static uint8_t quote[AESM_QUOTE_MAX];
	uint8_t report[SGX_REPORT_BYTES];
	FILE *file = fopen(path, "rb");
	struct sgx_targetinfo target;
	uint32_t size;

	if (!file || fread(report, sizeof(report), 1, file) != 1 || fclose(file))
		return fail(f, "no report in %s", path);
	if (aesm_target(socket, &target, f))
		return -1;
	driver_print("target", &target, sizeof(target));
	if (aesm_quote(socket, report, quote, &size, f))
		return -1;
	driver_print("quote", quote, size);
	return 0;
}

int main(int argc, char **argv)
{
	struct fail f = { "" };

	if (argc == 3 && !driver_run(argv[1], argv[2], &f))
		return 0;
	(void)fprintf(stderr, "%s\n", argc == 3 ? f.text : "usage: driver SOCKET REPORT-FILE");
	return 1;
}
