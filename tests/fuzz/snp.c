/* The input is a SNP report with its certificate table, and is given as VEK and chain as well. */
#include <stdlib.h>

#include "attest/evidence.h"
#include "attest/snp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct attest *attest;
	static struct attest_verdict v;
	struct attest_request r = { .evidence = { data, size }, .now = 1767225600, .trailing_ok = true };
	struct attest_bytes behind = { data + sizeof(struct snp_report), size - sizeof(struct snp_report) };
	struct snp_table table;

	if (!attest)
		attest = attest_new();
	if (!attest)
		abort();
	if (size >= sizeof(struct snp_report) && snp_table_read(behind, &table)) {
		const struct attest_bytes all[] = { table.vcek, table.vlek, table.ask, table.ark };

		for (size_t i = 0; i < 4; i++)
			if (all[i].size && (all[i].at < behind.at || all[i].size > behind.size ||
					    (size_t)(all[i].at - behind.at) > behind.size - all[i].size))
				abort();
	}
	attest_verify(attest, &r, &v);
	/* What is genuine here has been signed by AMD. */
	if (v.accepted && !v.genuine)
		abort();
	r.vek = r.chain = size > sizeof(struct snp_report) ? behind : r.evidence;
	attest_verify(attest, &r, &v);
	return 0;
}
