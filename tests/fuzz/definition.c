/* Image definitions: what is accepted compiles, and the compiled form passes its own check. */
#include <stdlib.h>

#include "image/definition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t compiled[DEFINITION_COMPILED_MAX];
	struct bytes_writer w = { compiled, sizeof(compiled), 0, false };
	struct definition d;
	struct fail f;

	if (size > 1 << 16)
		return 0;
	(void)!definition_check(data, size, &f);
	if (definition_parse(&d, "fuzz", (const char *)data, size, &f))
		return 0;
	if (definition_compile(&d, &w, &f) || definition_check(compiled, w.used, &f))
		abort();
	definition_free(&d);
	return 0;
}
