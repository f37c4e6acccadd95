/* The certificate table behind an extended report: GUID, offset and length each, ended by a GUID of zeros. */
#include "attest/evidence.h"

#define SNP_TABLE_ENTRIES_MAX 64

/* GUIDs as their text has them. */
static const struct {
	uint8_t guid[16];
	size_t offset;
} kinds[] = {
	{ { 0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd },
	  offsetof(struct snp_table, vcek) },
	{ { 0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e, 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8, 0xa1 },
	  offsetof(struct snp_table, vlek) },
	{ { 0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82 },
	  offsetof(struct snp_table, ask) },
	{ { 0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0, 0xae },
	  offsetof(struct snp_table, ark) },
};

/* The ABI does not say whether the first three groups are little-endian, as in EFI: both are taken. */
static bool guid_is(const uint8_t *found, const uint8_t guid[16])
{
	static const uint8_t mixed[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
	bool same = true;

	if (memcmp(found, guid, 16) == 0)
		return true;
	for (size_t i = 0; i < 16; i++)
		same &= found[i] == guid[mixed[i]];
	return same;
}

static bool all_zero(const uint8_t *at, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (at[i])
			return false;
	return true;
}

bool snp_table_read(struct attest_bytes bytes, struct snp_table *to)
{
	struct bytes_reader r = { bytes.at, bytes.size, false };
	size_t end = 0;

	*to = (struct snp_table){ 0 };
	for (size_t n = 0; n < SNP_TABLE_ENTRIES_MAX; n++) {
		const uint8_t *guid = bytes_take(&r, 16);
		uint32_t offset = bytes_u32(&r), length = bytes_u32(&r);

		if (r.failed)
			return false;
		if (all_zero(guid, 16)) {
			size_t used = bytes.size - r.left;

			/* Certificates follow the table, and zeros fill the last page. */
			end = end > used ? end : used;
			return n > 0 && !offset && !length && all_zero(bytes.at + end, bytes.size - end);
		}
		if (offset > bytes.size || length > bytes.size - offset || length == 0)
			return false;
		if (offset + (size_t)length > end)
			end = offset + (size_t)length;
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
			if (guid_is(guid, kinds[k].guid))
				*(struct attest_bytes *)((uint8_t *)to + kinds[k].offset) =
					bytes_of(bytes.at + offset, length);
	}
	return false;
}
