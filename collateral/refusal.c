#include "collateral/store.h"

#include <stdio.h>

static const struct {
	const char *token, *sentence;
} reasons[] = {
	{ "ok", "" },
#define R(name, step, sentence) { #name, sentence },
#include "attest/reason.def"
#undef R
};

void refusal_text(const struct attest_refusal *why, char *text, size_t size)
{
	(void)snprintf(text, size, "%s: %s%s%s%s%s", reasons[why->reason].token, reasons[why->reason].sentence,
		       *why->expected ? "; expected " : "", why->expected, *why->found ? "; found " : "", why->found);
}
