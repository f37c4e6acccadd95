/* The block `secrets` of a definition: what adyton-init fetches before the program starts. */
#ifndef ADYTON_IMAGE_SECRETS_H
#define ADYTON_IMAGE_SECRETS_H

#include "base/hcl.h"
#include "image/definition.h"

#define SECRETS_INIT "/.adyton/init" /* where a build puts adyton-init into the root */

/* A parse_fn: the arguments of adyton-init go to the struct strings at `out`. */
int parse_secrets(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error);
/* They come before the entry point, when all keys are read. */
must_check int secrets_apply(struct arena *arena, const struct hcl_node *at, struct definition *d,
			     struct text_error *error);

#endif
