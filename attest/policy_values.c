/* The kinds of values that keys of a policy take. */
#include "attest/policy.h"
#include "base/errno.h"

#include <string.h>

int policy_parse_bool(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	(void)arena;
	if (node->kind != HCL_BOOL)
		return hcl_error_kind(error, node, "true or false");
	*(bool *)out = node->truth;
	return 0;
}

int policy_parse_not(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	int err = policy_parse_bool(arena, node, out, error);

	*(bool *)out = !*(bool *)out;
	return err;
}

/* A list of words as bits. word(i) is NULL for numbers that have no word. */
static int parse_words(const struct hcl_node *node, const char *(*word)(int), int end, const char *expected,
		       uint32_t *out, struct text_error *error)
{
	*out = 0;
	if (node->kind != HCL_LIST)
		return hcl_error_kind(error, node, "a list of strings");
	for (const struct hcl_node *n = node->first; n; n = n->next) {
		int i = 1;

		if (n->kind != HCL_STRING)
			return hcl_error_kind(error, n, "a string");
		while (i < end && strcmp(word(i), n->text.at))
			i++;
		if (i == end)
			return hcl_error(error, n->value, expected, n->text.at);
		*out |= 1u << i;
	}
	return *out ? 0 : hcl_error(error, node->value, expected, "an empty list");
}

static const char *tee_word(int i)
{
	return attest_tee_name((enum attest_tee)i);
}

static const char *status_word(int i)
{
	return attest_status_name((enum attest_status)i);
}

int policy_parse_tees(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	(void)arena;
	return parse_words(node, tee_word, ATTEST_SNP + 1, "expected \"sgx\", \"tdx\" or \"snp\"", out, error);
}

int policy_parse_statuses(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	(void)arena;
	return parse_words(node, status_word, ATTEST_NotSupported + 1, "expected a TCB status such as \"UpToDate\"",
			   out, error);
}

int policy_parse_assurance(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	(void)arena;
	if (node->kind != HCL_STRING)
		return hcl_error_kind(error, node, "a string");
	for (enum attest_assurance a = ATTEST_SOFTWARE; a <= ATTEST_HARDWARE; a++) {
		if (strcmp(attest_assurance_name(a), node->text.at) == 0) {
			*(enum attest_assurance *)out = a;
			return 0;
		}
	}
	return hcl_error(error, node->value, "expected \"hardware\", \"software on hardware\" or \"software\"",
			 node->text.at);
}

/* Room for as many entries as the node has values; a single value stands for a list of it. */
static int list_make(struct arena *arena, const struct hcl_node *node, struct policy_list *list,
		     const struct hcl_node **first, struct text_error *error)
{
	size_t count = 0;

	*first = node->kind == HCL_LIST ? node->first : node;
	for (const struct hcl_node *n = *first; n && (n == *first || node->kind == HCL_LIST); n = n->next)
		count++;
	if (count > POLICY_LIST_MAX)
		return hcl_error(error, node->value, "expected at most 256 entries", NULL);
	list->given = true;
	list->count = count;
	list->at = arena_take(arena, (count + 1) * sizeof(list->at[0]));
	return list->at ? 0 : hcl_error(error, node->value, "the policy is too large", NULL);
}

static struct attest_bytes *list_entry(struct policy_list *list, size_t i)
{
	return (struct attest_bytes *)(uintptr_t)&list->at[i];
}

int policy_parse_texts(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	struct policy_list *list = out;
	const struct hcl_node *n;

	if (node->kind != HCL_LIST)
		return hcl_error_kind(error, node, "a list of strings");
	if (list_make(arena, node, list, &n, error))
		return -EINVAL;
	for (size_t i = 0; n; n = n->next, i++) {
		if (n->kind != HCL_STRING)
			return hcl_error_kind(error, n, "a string");
		*list_entry(list, i) = bytes_of(n->text.at, n->text.size);
	}
	return 0;
}

static int parse_hex(struct arena *arena, const struct hcl_node *n, size_t size, size_t or_size, const char *expected,
		     struct attest_bytes *out, struct text_error *error)
{
	uint8_t *bytes = arena_take(arena, size > or_size ? size : or_size);
	size_t n_bytes = n->text.size / 2;

	if (n->kind != HCL_STRING)
		return hcl_error_kind(error, n, expected);
	if (!bytes)
		return hcl_error(error, n->value, "the policy is too large", NULL);
	*out = bytes_of(bytes, n_bytes);
	if ((n_bytes != size && n_bytes != or_size) || !hex_decode(n->text.at, n->text.size, bytes, n_bytes)) {
		char what[96];
		struct text t;

		text_init(&t, what, sizeof(what));
		text_put(&t, "expected ");
		text_put(&t, expected);
		return hcl_error(error, n->value, what, n->text.at);
	}
	return 0;
}

static int parse_hex_list(struct arena *arena, const struct hcl_node *node, size_t size, size_t or_size,
			  const char *expected, struct policy_list *list, struct text_error *error)
{
	const struct hcl_node *n;

	if (node->kind != HCL_LIST && node->kind != HCL_STRING)
		return hcl_error_kind(error, node, "a list of strings");
	if (list_make(arena, node, list, &n, error))
		return -EINVAL;
	for (size_t i = 0; i < list->count; n = n->next, i++)
		if (parse_hex(arena, n, size, or_size, expected, list_entry(list, i), error))
			return -EINVAL;
	return 0;
}

int policy_parse_hex32(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	return parse_hex_list(arena, node, 32, 32, "64 hexadecimal digits", out, error);
}

int policy_parse_hex48(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	return parse_hex_list(arena, node, 48, 48, "96 hexadecimal digits", out, error);
}

/* MRENCLAVE has 32 bytes, the others 48. "*" alone is any, and has to be written. */
int policy_parse_measurements(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	struct policy_block *block = out;
	const struct hcl_node *only = node->kind == HCL_LIST ? node->first : node;

	if (only && only->kind == HCL_STRING && strcmp(only->text.at, "*") == 0 &&
	    (only == node || !only->next)) {
		block->any_measurement = true;
		return 0;
	}
	return parse_hex_list(arena, node, 32, 48, "64 (MRENCLAVE) or 96 hexadecimal digits, or only \"*\"",
			      &block->measurements, error);
}

static int parse_u32(const struct hcl_node *node, uint64_t *out, struct text_error *error)
{
	if (hcl_u64(node, out) && *out <= UINT32_MAX)
		return 0;
	return hcl_error(error, node->value, "expected a whole number from 0 to 4294967295",
			 node->kind == HCL_NUMBER ? node->text.at : hcl_kind_name(node->kind));
}

int policy_parse_numbers(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	struct policy_list *list = out;
	const struct hcl_node *n;

	if (node->kind != HCL_LIST && node->kind != HCL_NUMBER)
		return hcl_error_kind(error, node, "a number or a list of numbers");
	if (list_make(arena, node, list, &n, error))
		return -EINVAL;
	for (size_t i = 0; i < list->count; n = n->next, i++) {
		uint32_t *number = arena_take(arena, sizeof(*number));
		uint64_t value;

		if (parse_u32(n, &value, error))
			return -EINVAL;
		if (!number)
			return hcl_error(error, n->value, "the policy is too large", NULL);
		*number = (uint32_t)value;
		*list_entry(list, i) = bytes_of(number, sizeof(*number));
	}
	return 0;
}

int policy_parse_number(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	struct policy_number *number = out;

	(void)arena;
	number->given = true;
	return parse_u32(node, &number->value, error);
}

static bool duration_of_text(const char *text, uint64_t *seconds)
{
	static const struct { char unit; uint64_t seconds; } units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 },
	};
	uint64_t value = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9' && value < 1000000000; at++)
		value = value * 10 + (uint64_t)(*at - '0');
	for (size_t i = 0; at > text && i < sizeof(units) / sizeof(units[0]); i++) {
		if (at[0] == units[i].unit && !at[1]) {
			*seconds = value * units[i].seconds;
			return *seconds <= 100ull * 366 * 86400;
		}
	}
	return false;
}

int policy_parse_duration(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	struct policy_number *number = out;

	(void)arena;
	if (node->kind != HCL_STRING)
		return hcl_error_kind(error, node, "a duration such as \"30d\"");
	number->given = true;
	if (!duration_of_text(node->text.at, &number->value))
		return hcl_error(error, node->value, "expected a duration such as \"30d\" (s, m, h, d, w)",
				 node->text.at);
	return 0;
}

int policy_parse_snp_tcb(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	struct policy_block *block = out;
	struct attest_snp_tcb *tcb = &block->min_snp_tcb;
	const struct { const char *name; uint8_t *to; } parts[] = {
		{ "fmc", &tcb->fmc }, { "bootloader", &tcb->bootloader }, { "tee", &tcb->tee }, { "snp", &tcb->snp },
		{ "microcode", &tcb->microcode },
	};

	(void)arena;
	if (node->kind != HCL_MAP && node->kind != HCL_BLOCK)
		return hcl_error_kind(error, node, "a map from components to numbers");
	block->snp_tcb_given = true;
	for (const struct hcl_node *n = node->first; n; n = n->next) {
		uint64_t value;
		size_t i = 0;

		while (i < 5 && !hcl_name_is(n, parts[i].name))
			i++;
		if (i == 5)
			return hcl_error(error, n->at, "expected fmc, bootloader, tee, snp or microcode", n->name.at);
		if (!hcl_u64(n, &value) || value > 255)
			return hcl_error(error, n->value, "expected a whole number from 0 to 255",
					 n->kind == HCL_NUMBER ? n->text.at : hcl_kind_name(n->kind));
		*parts[i].to = (uint8_t)value;
	}
	return 0;
}

/* Its first bytes; the rest is zero. */
int policy_parse_report_data(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	struct policy_block *block = out;
	size_t size = node->text.size / 2;

	(void)arena;
	if (node->kind != HCL_STRING)
		return hcl_error_kind(error, node, "up to 128 hexadecimal digits");
	block->report_data_given = true;
	if (!size || size > sizeof(block->report_data) ||
	    !hex_decode(node->text.at, node->text.size, block->report_data, size))
		return hcl_error(error, node->value, "expected 2 to 128 hexadecimal digits", node->text.at);
	return 0;
}
