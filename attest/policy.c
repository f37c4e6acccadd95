#include "attest/policy.h"
#include "base/errno.h"

#include <stdlib.h>
#include <string.h>

static const struct key {
	const char *name;
	policy_parse_fn *parse;
	size_t offset;
} keys[] = {
#define KEY(name, parse, field) { name, policy_parse_##parse, offsetof(struct policy_block, field) }
	KEY("tee", tees, tees),
	KEY("assurance", assurance, assurance),
	KEY("roots", texts, roots),
	KEY("measurements", measurements, name),
	KEY("signers", hex32, signers),
	KEY("products", numbers, products),
	KEY("min_version", number, min_version),
	KEY("statuses", statuses, statuses),
	KEY("advisories", texts, advisories),
	KEY("max_tcb_age", duration, max_tcb_age),
	KEY("grace_since_fix", duration, grace_since_fix),
	KEY("min_evaluation_number", number, min_evaluation_number),
	KEY("debug", bool, debug),
	KEY("report_data", report_data, name),
	KEY("sept_ve_disable", not, without_sept_ve_disable),
	KEY("mrservicetd", hex48, mrservicetd),
	KEY("mrseam", hex48, mrseam),
	KEY("rtmr0", hex48, rtmr[0]),
	KEY("rtmr1", hex48, rtmr[1]),
	KEY("rtmr2", hex48, rtmr[2]),
	KEY("rtmr3", hex48, rtmr[3]),
	KEY("vmpl", numbers, vmpls),
	KEY("min_snp_tcb", snp_tcb, name),
	KEY("host_data", hex32, host_data),
	KEY("id_keys", hex48, id_keys),
	KEY("author_keys", hex48, author_keys),
	KEY("require_crl", bool, require_crl),
	KEY("machine_measurements", hex48, machine_measurements),
	KEY("machine_roots", texts, machine_roots),
#undef KEY
};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

static int parse_entry(struct attest_policy *p, const struct hcl_node *entry, struct policy_block *to,
		       struct text_error *error)
{
	for (size_t i = 0; i < KEYS; i++)
		if (hcl_name_is(entry, keys[i].name))
			/* Where several fields take part, the whole block is what the offset 0 of `name` stands for. */
			return keys[i].parse(&p->arena, entry, (uint8_t *)to + keys[i].offset, error);
	return hcl_error(error, entry->at, "expected a key of accept; adyton-policy(5) lists them", entry->name.at);
}

static int parse_accept(const struct hcl_block *block, void *context, struct text_error *error)
{
	struct attest_policy *p = context;
	struct policy_block *to = &p->blocks[p->count];
	int err = 0;

	if (p->count == POLICY_BLOCKS_MAX)
		return hcl_error(error, block->at->at, "expected at most 64 blocks", NULL);
	*to = (struct policy_block){ .name = block->labels[0].at, .assurance = ATTEST_HARDWARE,
				     .statuses = 1u << ATTEST_UpToDate };
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->blocks[i].name, to->name) == 0)
			return hcl_error(error, block->at->at, "expected one block of each name, found another called",
					 to->name);
	for (const struct hcl_node *n = block->at->first; n && !err; n = n->next)
		err = parse_entry(p, n, to, error);
	p->count += !err;
	return err;
}

static int parse_top(struct attest_policy *p, const char *text, size_t size, struct text_error *error)
{
	const struct hcl_node *body;
	int err = hcl_parse(text, size, &p->arena, &body, error);

	for (const struct hcl_node *n = err ? NULL : body->first; n && !err; n = n->next)
		err = hcl_name_is(n, "accept") ?
			      hcl_blocks(n, 1, parse_accept, p, error) :
			      hcl_error(error, n->at, "expected accept \"name\" { ... }", n->name.at);
	return err;
}

static int policy_fail(struct attest_refusal *why, const struct text_error *error)
{
	struct text t;

	*why = (struct attest_refusal){ .reason = ATTEST_R_policy_empty };
	text_init(&t, why->found, sizeof(why->found));
	text_put_u64(&t, error->line);
	text_put(&t, ":");
	text_put_u64(&t, error->column);
	text_put(&t, ": ");
	text_put(&t, error->message);
	return -EINVAL;
}

int attest_policy_parse(const void *text, size_t size, struct attest_policy **to, struct attest_refusal *why)
{
	struct text_error error = { 1, 1, "expected a policy of at most 64 KiB" };
	size_t arena = HCL_ARENA(size) * 2;
	struct attest_policy *p;

	if (size > POLICY_SIZE_MAX)
		return policy_fail(why, &error);
	p = calloc(1, sizeof(*p) + arena);
	if (!p)
		return -ENOMEM;
	p->arena = (struct arena){ .at = (uint8_t *)(p + 1), .size = arena };
	if (parse_top(p, text, size, &error)) {
		free(p);
		return policy_fail(why, &error);
	}
	*to = p;
	return 0;
}

void attest_policy_free(struct attest_policy *p)
{
	free(p);
}
