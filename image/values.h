/* The kinds of values that keys of a definition take: each checks a node and stores what it says at `out`. */
#ifndef ADYTON_IMAGE_VALUES_H
#define ADYTON_IMAGE_VALUES_H

#include "base/hcl.h"
#include "image/definition.h"

typedef int parse_fn(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error);

parse_fn parse_bool;              /* bool */
parse_fn parse_string;            /* const char * */
parse_fn parse_path;              /* const char * */
parse_fn parse_strings;           /* struct strings */
parse_fn parse_entrypoint;        /* struct strings */
parse_fn parse_environment;       /* struct strings, "K=V", sorted */
parse_fn parse_allow_environment; /* struct strings, sorted */
parse_fn parse_u16, parse_threads, parse_memory; /* uint64_t */
parse_fn parse_processor, parse_elrange;         /* nothing: one choice only */

struct key {
	const char *name;
	parse_fn *parse;
	size_t offset;
};

struct key_set {
	const char *in; /* "an image", for messages */
	const struct key *keys;
	size_t count;
	struct arena *arena;
	uint8_t *out;
};

/* The entries of a body, each by its key; what has none is an error that names them all. (definition.c) */
int parse_keys(const struct key_set *set, const struct hcl_node *body, struct text_error *error);

/* Absolute and in its shortest form, so that two spellings of a path cannot make two identities. */
bool path_is_plain(const char *path);

#endif
