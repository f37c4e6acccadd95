/* TCB info: what is taken has its levels and modules within bounds; what is refused says why. */
#include "tests/fuzz/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json *root = document_root(data, size);
	struct tcb_info *info = calloc(1, sizeof(*info));
	struct advisories *advisories = calloc(1, sizeof(*advisories));
	struct attest_refusal why = { 0 };

	if (!info || !advisories)
		abort();
	if (root && tcb_info_read(root, info, advisories, &why)) {
		if (info->level_count == 0 || info->level_count > TCB_LEVELS_MAX ||
		    info->module_count > TDX_MODULES_MAX || (info->tee != ATTEST_TDX && info->module_count) ||
		    advisories->count > ATTEST_ADVISORIES_MAX)
			abort();
		for (size_t i = 1; i < info->module_count; i++)
			levels_check(&info->modules[i].levels);
	} else if (root && why.reason != ATTEST_R_tcb_info_malformed &&
		   why.reason != ATTEST_R_tcb_info_version_unknown) {
		abort();
	}
	free(advisories);
	free(info);
	free(root);
	return 0;
}
