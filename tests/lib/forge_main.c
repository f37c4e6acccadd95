/*
 * forge KIND FOLDER: write evidence of a kind (sgx-v3, tdx-v4 ...) as quote.bin, collateral.json and root.pem, and say
 * at which moment it holds. For tests in other languages.
 */
#include "image/io.h"
#include "platform/state.h"
#include "tests/lib/forge.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const kinds[FORGE_KINDS] = { "sgx-v3", "sgx-v4", "sgx-v5", "tdx-v4", "tdx-v5", "tdx-v5-1.5" };

static int write_quote(const struct forged *f, const char *folder)
{
	char path[4096];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/quote.bin", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || io_write(fd, f->quote, f->size))
		return -1;
	close(fd);
	return 0;
}

int main(int argc, char **argv)
{
	struct forge_order o;
	struct forged f;
	struct fail fail;
	int kind = 0;

	if (argc != 3)
		return 2;
	while (kind < FORGE_KINDS && strcmp(kinds[kind], argv[1]))
		kind++;
	if (kind == FORGE_KINDS)
		return 2;
	forge_order(&o, (enum forge_kind)kind);
	forge(&o, &f);
	if (write_quote(&f, argv[2]) || state_put_file(argv[2], "collateral.json", f.collateral, 0644, &fail) ||
	    state_put_file(argv[2], "root.pem", f.root, 0644, &fail))
		return 1;
	(void)printf("%lld\n", (long long)o.now);
	forged_free(&f);
	return 0;
}
