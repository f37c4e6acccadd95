/*
 * The kernel's ENCLU page. Its measured bytes are `enclu; ret` and int3 to the end; the enclave executes this instead:
 *
 *      0  83 f8 04            cmp  $4, %eax
 *      3  74 06               je   11
 *      5  ff 25 ..            jmp  *24(%rip)     -> soft_leaf_entry
 *     11  ff 25 ..            jmp  *32(%rip)     -> soft_eexit
 *     24                      the two addresses
 */
#include "base/mem.h"
#include "cpu/soft/soft.h"

#define STUB_LEAF 24U
#define STUB_EEXIT 32U

extern const char soft_leaf_entry[], soft_eexit[];

uint64_t stub_address;

void stub_init(uint64_t address)
{
	stub_address = address;
}

bool stub_content_ok(const uint8_t *content)
{
	static const uint8_t enclu_ret[4] = { 0x0f, 0x01, 0xd7, 0xc3 };

	for (size_t i = 0; i < PAGE_SIZE; i++)
		if (content[i] != (i < sizeof(enclu_ret) ? enclu_ret[i] : 0xcc))
			return false;
	return true;
}

void stub_content(uint8_t *content)
{
	static const uint8_t code[STUB_BYTES] = {
		0x83, 0xf8, 0x04, 0x74, 0x06,
		0xff, 0x25, STUB_LEAF - 11, 0, 0, 0,
		0xff, 0x25, STUB_EEXIT - 17, 0, 0, 0,
	};
	const uint64_t leaf = (uintptr_t)soft_leaf_entry, eexit = (uintptr_t)soft_eexit;

	memset(content, 0xcc, PAGE_SIZE);
	memcpy(content, code, sizeof(code));
	memcpy(content + STUB_LEAF, &leaf, sizeof(leaf));
	memcpy(content + STUB_EEXIT, &eexit, sizeof(eexit));
}
