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
	if (n <= 0)
		n = base64_decode(all, BASE64_ANY, to, size);
	return n ? n : -EINVAL;
}
