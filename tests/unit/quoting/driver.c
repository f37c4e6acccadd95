/*
 * Lets a script play who makes quotes on silicon:  driver aesm SOCKET REPORT-FILE, driver dcap LIBRARY REPORT-FILE
 * print the target's information and the quote.
 */
#include "quoting/aesm.h"
#include "quoting/dcap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void driver_print(const char *name, const void *bytes, size_t size)
{
	const uint8_t *b = bytes;

	(void)printf("%s ", name);
	for (size_t i = 0; i < size; i++)
		(void)printf("%02x", b[i]);
	(void)printf("\n");
}

static int driver_run(bool library, const char *maker, const char *path, struct fail *f)
{
	static uint8_t quote[SILICON_QUOTE_MAX];
	uint8_t report[SGX_REPORT_BYTES];
	FILE *file = fopen(path, "rb");
	struct sgx_targetinfo target;
	uint32_t size;

	if (!file || fread(report, sizeof(report), 1, file) != 1 || fclose(file))
		return fail(f, "no report in %s", path);
	if ((library ? dcap_target : aesm_target)(maker, &target, f))
		return -1;
	driver_print("target", &target, sizeof(target));
	if ((library ? dcap_quote : aesm_quote)(maker, report, quote, &size, f))
		return -1;
	driver_print("quote", quote, size);
	return 0;
}

int main(int argc, char **argv)
{
	struct fail f = { "" };

	if (argc == 4 && !driver_run(strcmp(argv[1], "dcap") == 0, argv[2], argv[3], &f))
		return 0;
	(void)fprintf(stderr, "%s\n", argc == 4 ? f.text : "usage: driver aesm|dcap SOCKET|LIBRARY REPORT-FILE");
	return 1;
}
