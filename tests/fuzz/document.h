/* What the targets of signed documents share: their JSON, read with as much room as the verifier gives it. */
#ifndef ADYTON_TESTS_FUZZ_DOCUMENT_H
#define ADYTON_TESTS_FUZZ_DOCUMENT_H

#include <stdlib.h>

#include "attest/tcb_info.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The root, to be given back with free(); NULL: no JSON. */
static inline struct json *document_root(const uint8_t *data, size_t size)
{
	struct json_reader r = { .capacity = document_values(size) };
	struct text_error error;

	r.values = malloc(r.capacity * sizeof(*r.values));
	if (!r.values)
		abort();
	if (json_read(&r, (const char *)data, size, &error) == 0)
		return r.values;
	free(r.values);
	return NULL;
}

static inline void levels_check(const struct isv_levels *levels)
{
	if (levels->count > ISV_LEVELS_MAX)
		abort();
	for (size_t i = 0; i < levels->count; i++)
		if (levels->at[i].verdict.status == ATTEST_STATUS_NONE || levels->at[i].verdict.status > ATTEST_Revoked)
			abort();
}

#endif
