/* Two layers: what ties the machine's evidence to the platform above it. */
#include "base/bytes.h"
#include "platform/ec.h"
#include "tests/lib/forge.h"

#include <stdio.h>
#include <string.h>

static _Noreturn void machine_die(const char *what)
{
	(void)fprintf(stderr, "forge: %s\n", what);
	exit(99);
}

void forge_machine_data(uint8_t data[64])
{
	uint8_t keys[MACHINE_KEYS_BYTES];
	size_t size;

	forge_point(false, FORGE_ATTESTATION, keys);
	forge_point(false, FORGE_PCK_CA, keys + 64);
	if (!EVP_Q_digest(keys_context(), "SHA512", NULL, keys, sizeof(keys), data, &size))
		machine_die("no SHA-512");
}

size_t forge_machine_auth(uint8_t to[FORGE_AUTH_MAX], uint32_t format, const void *evidence, size_t size)
{
	struct bytes_writer w = { .at = to, .size = FORGE_AUTH_MAX };

	bytes_put(&w, MACHINE_MAGIC, 8);
	bytes_put_le(&w, format, 4);
	bytes_put(&w, evidence, size);
	if (w.failed)
		machine_die("the machine's evidence does not fit");
	return w.used;
}

char *forge_machine_bundle(const char *collateral, const char *machine)
{
	static const char member[] = ", \"machine\": ";
	const char *end = strrchr(collateral, '}');
	size_t before = end ? (size_t)(end - collateral) : 0, size = before + sizeof(member) + strlen(machine) + 2;
	char *both = malloc(size);

	if (!end || !both)
		machine_die("no bundle to add to");
	(void)snprintf(both, size, "%.*s%s%s}", (int)before, collateral, member, machine);
	return both;
}
