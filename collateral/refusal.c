#include "collateral/store.h"

#include <stdio.h>

void refusal_text(const struct attest_refusal *why, char *text, size_t size)
{
	(void)snprintf(text, size, "%s: %s%s%s%s%s", attest_reason_token(why->reason),
		       attest_reason_sentence(why->reason), *why->expected ? "; expected " : "", why->expected,
		       *why->found ? "; found " : "", why->found);
}
