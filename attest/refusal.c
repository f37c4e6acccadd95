#include "attest/internal.h"

#include <openssl/bio.h>
#include <stdarg.h>

bool refuse(struct attest_refusal *why, enum attest_reason reason, const char *expected, const char *found, ...)
{
	va_list args;

	why->reason = reason;
	why->expected[0] = why->found[0] = '\0';
	if (expected)
		(void)BIO_snprintf(why->expected, sizeof(why->expected), "%s", expected);
	if (!found)
		return false;
	va_start(args, found);
	(void)BIO_vsnprintf(why->found, sizeof(why->found), found, args);
	va_end(args);
	return false;
}
