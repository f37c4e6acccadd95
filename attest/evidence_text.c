/* Evidence that was written as text: hex, base64 in either alphabet, PEM of a certificate. */
#include "attest/evidence_text.h"
#include "base/errno.h"

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool evidence_is_text(struct attest_bytes bytes)
{
	for (size_t i = 0; i < bytes.size; i++)
		if (!is_space(bytes.at[i]) && (bytes.at[i] < ' ' || bytes.at[i] > '~'))
			return false;
	return bytes.size != 0;
}

/* The alphabets differ in two letters. `alphabet` becomes 1 or 2 at the first of those, and the other is refused. */
static int base64_digit(uint8_t c, int *alphabet)
{
	int which = c == '+' || c == '/' ? 1 : c == '-' || c == '_' ? 2 : 0;

	if (which && *alphabet && *alphabet != which)
		return -1;
	if (which) {
		*alphabet = which;
		return c == '+' || c == '-' ? 62 : 63;
	}
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	return c >= '0' && c <= '9' ? c - '0' + 52 : -1;
}

long evidence_base64(struct attest_bytes text, uint8_t *to, size_t size)
{
	size_t digits = 0, padding = 0, used = 0;
	uint32_t bits = 0;
	int alphabet = 0;

	for (size_t i = 0; i < text.size; i++) {
		int digit;

		if (is_space(text.at[i]))
			continue;
		if (text.at[i] == '=') {
			padding++;
			continue;
		}
		digit = base64_digit(text.at[i], &alphabet);
		if (digit < 0 || padding)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)digit;
		if (digits++ % 4 == 0)
			continue;
		if (used < size)
			to[used] = (uint8_t)(bits >> (2 * (4 - (digits - 1) % 4) - 2));
		used++;
	}
	if (digits == 0 || digits % 4 == 1 || (padding && padding != (4 - digits % 4) % 4))
		return -EINVAL;
	if ((digits % 4 == 2 && bits & 15) || (digits % 4 == 3 && bits & 3))
		return -EINVAL;
	return used > size ? -ERANGE : (long)used;
}

/* At most twice as many digits as bytes, and white space: what is longer is not looked at. */
long evidence_text_decode(struct attest_bytes *text, uint8_t *to, size_t size, bool *certificate)
{
	struct attest_bytes all = *text;
	long n;

	*certificate = pem_is(all);
	if (*certificate) {
		n = pem_next(text, "CERTIFICATE", to, size);
		*text = text_trim(*text);
		return n > 0 ? n : -EINVAL;
	}
	*text = bytes_of(all.at + all.size, 0);
	n = hex_text_decode(all, to, size);
	return n > 0 ? n : evidence_base64(all, to, size);
}
