/* Reports of configfs-tsm: the provider's name up to a NUL, then the report. Only one over our data is taken. */
#include "quoting/tsm.h"
#include "base/mem.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool found_in(const uint8_t *at, size_t size, const uint8_t what[64])
{
	while (size >= 64 && memcmp(at, what, 64)) {
		at++;
		size--;
	}
	return size >= 64;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tsm t;
	static const uint8_t asked[64] = "what was asked for";
	struct fail f = { "" };
	size_t i = 0;

	for (; i < size && i < sizeof(t.provider) - 1 && data[i]; i++)
		t.provider[i] = (char)data[i];
	t.provider[i] = '\0';
	i += i < size;
	t.report_size = size - i < sizeof(t.report) ? size - i : sizeof(t.report);
	memcpy(t.report, data + i, t.report_size);
	if (tsm_check(&t, asked, &f) ? !f.text[0] : !found_in(t.report, t.report_size, asked))
		abort();
	return 0;
}
