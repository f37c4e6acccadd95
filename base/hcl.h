/*
 * HCL, the one configuration language: image definitions, server configuration, policies.
 *
 *     name = value            attribute; the value is "string", 12.5, true, null, [list], { map } or a heredoc
 *     type "label" label { }  block; its body holds attributes and blocks
 *     # comment               also // and slash-star
 *
 * JSON is accepted by the same grammar: a text that starts with '{', ':' for '=', quoted names, commas between entries.
 * There a block is a map under its type, one map per label; hcl_blocks() sees both the same way. There are no
 * expressions and no templates: "${x}" is four characters.
 *
 * The caller gives the memory; nodes and strings live in it. Names of attributes are unique within their body.
 */
#ifndef ADYTON_BASE_HCL_H
#define ADYTON_BASE_HCL_H

#include "base/arena.h"
#include "base/text.h"

#define HCL_DEPTH_MAX 64
#define HCL_LABELS_MAX 4
#define HCL_SIZE_MAX (16 * MIB)
#define HCL_ARENA(size) ((size) * 64 + 4096) /* enough for any text of that size */

enum hcl_kind { HCL_NULL, HCL_BOOL, HCL_NUMBER, HCL_STRING, HCL_LIST, HCL_MAP, HCL_BLOCK };

struct hcl_string {
	const char *at; /* NUL-terminated, and without a NUL inside */
	size_t size;
};

struct hcl_place {
	uint32_t line, column;
};

struct hcl_node {
	struct hcl_node *next;
	struct hcl_node *first;  /* LIST: values; MAP, BLOCK: entries */
	struct hcl_node *order;  /* the parser's */
	struct hcl_node *labels; /* BLOCK: STRING nodes */
	struct hcl_string name;  /* of an attribute, map entry or block; size 0 in lists */
	struct hcl_string text;  /* STRING: its characters; NUMBER: as it was written */
	struct hcl_place at;     /* of the name, or of a value without one */
	struct hcl_place value;
	enum hcl_kind kind;
	bool truth;
};

/* Parse a whole text. *body is a MAP node. 0, or -EINVAL, -E2BIG, -ENOMEM with the error filled in. */
must_check int hcl_parse(const char *text, size_t size, struct arena *arena, const struct hcl_node **body,
			 struct text_error *error);

/* "a string", "a list", ... for messages. */
const char *hcl_kind_name(enum hcl_kind kind);
bool hcl_name_is(const struct hcl_node *node, const char *name);
/* The attribute or first block of that name, or NULL. */
const struct hcl_node *hcl_find(const struct hcl_node *body, const char *name);
/* A NUMBER that is a whole number in range. */
must_check bool hcl_u64(const struct hcl_node *node, uint64_t *value);

/* One block, wherever it was written as a block or as JSON's nested maps. */
struct hcl_block {
	const struct hcl_node *at; /* its entries, for hcl_find(); places of errors */
	struct hcl_string labels[HCL_LABELS_MAX];
	unsigned int label_count;
};
typedef int (*hcl_block_fn)(const struct hcl_block *block, void *context, struct text_error *error);

/*
 * Call fn for each block that `entry` (an entry of a body) stands for, in order, each having exactly `labels` labels.
 * Ends at the first result other than 0 and returns it; -EINVAL where entry is not such a block.
 */
must_check int hcl_blocks(const struct hcl_node *entry, unsigned int labels, hcl_block_fn fn, void *context,
			  struct text_error *error);

/* Fill in an error at a node's name or value; returns -EINVAL. `found` may be NULL. */
int hcl_error(struct text_error *error, struct hcl_place at, const char *what, const char *found);
/* "expected <expected>, found <kind of node>", at the node's value. */
int hcl_error_kind(struct text_error *error, const struct hcl_node *node, const char *expected);

#endif
