/* A policy as adyton-policy(5) describes it: blocks of which any one may accept. Everything lies in one arena. */
#ifndef ADYTON_ATTEST_POLICY_H
#define ADYTON_ATTEST_POLICY_H

#include "attest/internal.h"
#include "base/hcl.h"

#define POLICY_SIZE_MAX (64 << 10)
#define POLICY_BLOCKS_MAX 64
#define POLICY_LIST_MAX 256

struct policy_list { /* given: also where the list is empty */
	bool given;
	size_t count;
	const struct attest_bytes *at; /* bytes, or characters */
};

struct policy_number {
	bool given;
	uint64_t value;
};

struct policy_block {
	const char *name;
	uint32_t tees, statuses;        /* bit by enumerator; tees 0: any */
	enum attest_assurance assurance; /* at least */
	bool any_measurement, debug, without_sept_ve_disable, require_crl;
	struct policy_list roots, machine_roots, advisories; /* texts */
	struct policy_list measurements, signers, mrseam, mrservicetd, rtmr[4], host_data, id_keys, author_keys,
		machine_measurements;
	struct policy_list products, vmpls; /* numbers of 4 bytes, in this machine's order */
	struct policy_number min_version, min_evaluation_number;
	struct policy_number max_tcb_age, grace_since_fix; /* seconds */
	bool snp_tcb_given;
	struct attest_snp_tcb min_snp_tcb;
	bool report_data_given;
	uint8_t report_data[64];
};

struct attest_policy {
	size_t count;
	struct policy_block blocks[POLICY_BLOCKS_MAX];
	struct arena arena; /* behind this structure */
};

/* The value of a key: checks the node and stores what it says at `out`. 0, or -EINVAL with the error. */
typedef int policy_parse_fn(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error);

policy_parse_fn policy_parse_bool, policy_parse_not;                           /* bool */
policy_parse_fn policy_parse_tees, policy_parse_statuses;                      /* uint32_t */
policy_parse_fn policy_parse_assurance;                                        /* enum attest_assurance */
policy_parse_fn policy_parse_texts, policy_parse_hex32, policy_parse_hex48;    /* struct policy_list */
policy_parse_fn policy_parse_numbers;                                          /* struct policy_list */
policy_parse_fn policy_parse_number, policy_parse_duration;                    /* struct policy_number */
policy_parse_fn policy_parse_measurements, policy_parse_snp_tcb, policy_parse_report_data; /* struct policy_block */

#endif
