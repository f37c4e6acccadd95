/* The parser's own: what hcl_scan.c (characters, strings, numbers) gives to hcl.c (values, bodies). */
#ifndef ADYTON_BASE_HCL_SCAN_H
#define ADYTON_BASE_HCL_SCAN_H

#include "base/hcl.h"

struct hcl_parser {
	const char *at, *end;
	struct hcl_place place; /* of at */
	struct arena *arena;
	struct text_error *error;
	unsigned int depth;
};

/* "<what>, found <what stands here>" */
int hcl_expected(struct hcl_parser *p, const char *what);
int hcl_no_memory(struct hcl_parser *p);

/* The character that many bytes ahead; NUL at the end. */
char hcl_peek(const struct hcl_parser *p, size_t ahead);
void hcl_skip(struct hcl_parser *p, size_t bytes);
must_check int hcl_skip_space(struct hcl_parser *p); /* and comments */
/* The length of the word that stands here, 0 for none. */
size_t hcl_word(const struct hcl_parser *p);
bool hcl_is_digit(char c);

must_check int hcl_copy(struct hcl_parser *p, struct hcl_string *out, size_t size);
must_check int hcl_quoted(struct hcl_parser *p, struct hcl_string *out);
must_check int hcl_heredoc(struct hcl_parser *p, struct hcl_string *out);
must_check int hcl_number(struct hcl_parser *p, struct hcl_node *node);

#endif
