/* What the verbs of the key-value store share. */
#ifndef ADYTON_CLIENT_KV_H
#define ADYTON_CLIENT_KV_H

#include "client/client.h"

struct kv {
	const char *mount;  /* as the server has it, with the slash; "" where it did not say */
	const char *within; /* the key, within the mount */
	const char *plain;  /* both, as version 1 has them */
	bool second;        /* version 2 */
};

/* Of the operand, and -mount. 0, or the exit status. */
must_check int kv_find(const struct client *c, struct kv *kv);
/* The same for what only version 2 has. */
must_check int kv_find_second(const struct client *c, struct kv *kv, const char *what);
/* The real path; version 2 has that part behind the mount. */
char *kv_path(const struct kv *kv, const char *part);
void kv_title(const char *title, size_t width);
void kv_section(const struct client *c, const char *title, const struct json *object);
int kv_wrote(const struct client *c, const struct answer *a, const char *path);
void kv_body(const struct client *c, struct json_writer *w, const char *cas);

#endif
