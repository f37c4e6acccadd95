/* A target and a body become a request of the core or a refusal; what is handed on is whole JSON. */
#include <stdlib.h>
#include <string.h>

#include "server/http/form.h"
#include "server/http/map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void whole(const struct json *value)
{
	for (const struct json *v = value->first; v; v = v->next)
		whole(v);
}

/* First line: method and target; second: the content type; the rest: the body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct json empty = { .kind = JSON_OBJECT, .span = { "{}", 2 } };
	struct gate_head head = { .method = "POST", .target = "/v1/x", .count = 1 };
	char *text = calloc(1, size + 1), *line[3] = { text };
	struct request r = { .body = &empty };

	if (!text)
		abort();
	if (size)
		memcpy(text, data, size);
	for (int i = 1; i < 3; i++) {
		line[i] = line[i - 1] + strcspn(line[i - 1], "\n");
		if (*line[i])
			*line[i]++ = '\0';
	}
	if (strchr(line[0], ' ')) {
		*strchr(line[0], ' ') = '\0';
		head.method = line[0];
		head.target = line[0] + strlen(line[0]) + 1;
	}
	head.fields[0] = (struct gate_field){ "Content-Type", line[1] };
	pool_init(&r.pool);
	if (!map_request(&r, &head, line[2], strlen(line[2]))) {
		if (!r.path || r.body->kind != JSON_OBJECT || strstr(r.path, "//"))
			abort();
		whole(r.body);
	}
	pool_close(&r.pool);
	free(text);
	return 0;
}
