/* QE identities: what is taken has levels; what is refused says why. */
#include "tests/fuzz/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json *root = document_root(data, size);
	struct qe_identity *identity = calloc(1, sizeof(*identity));
	struct advisories *advisories = calloc(1, sizeof(*advisories));
	struct attest_refusal why = { 0 };

	if (!identity || !advisories)
		abort();
	if (root && qe_identity_read(root, identity, advisories, &why)) {
		if (identity->levels.count == 0)
			abort();
		levels_check(&identity->levels);
	} else if (root && why.reason != ATTEST_R_qe_identity_malformed &&
		   why.reason != ATTEST_R_qe_identity_version_unknown) {
		abort();
	}
	free(advisories);
	free(identity);
	free(root);
	return 0;
}
