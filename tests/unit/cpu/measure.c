/*
 * Reads "size ssa_frame_size", then lines "address secinfo measure seed" and prints MRENCLAVE, for mrenclave.py to
 * compare with its own. A page's byte i is seed * (i + 1) * 2654435761 >> 13, a seed of 0 is a page of zeros; a seed of
 * 1 the ENCLU stub.
 */
#include <stdio.h>
#include <string.h>

#include "cpu/soft/soft.h"

static void fill(uint8_t page[4096], unsigned long seed)
{
	for (uint64_t i = 0; i < 4096; i++)
		page[i] = (uint8_t)(seed * (i + 1) * 2654435761UL >> 13);
	if (seed == 1) {
		memset(page, 0xcc, 4096);
		memcpy(page, "\x0f\x01\xd7\xc3", 4);
	}
}

int main(void)
{
	struct sgx_secs secs = { .attributes = { SGX_ATTR_MODE64BIT, 3 } };
	struct cpu_options options = { .memory = CPU_MEMORY_ORDINARY, .key_fd = -1, .enclu_page = 0xfff0000000 };
	unsigned long address, flags, seed;
	static uint8_t page[4096], mrenclave[32];
	unsigned int measure;
	int ret;

	if (scanf("%lx %u", &secs.size, &secs.ssa_frame_size) != 2)
		return 2;
	ret = cpu_soft.create(&options, &secs);
	while (!ret && scanf("%lx %lx %u %lu", &address, &flags, &measure, &seed) == 4) {
		fill(page, seed);
		ret = cpu_soft.add(address, page, flags, measure != 0);
	}
	if (ret) {
		fprintf(stderr, "error %d\n", ret);
		return 1;
	}
	sha256_final(&soft.measurement, mrenclave);
	for (int i = 0; i < 32; i++)
		printf("%02x", mrenclave[i]);
	putchar('\n');
	return 0;
}
