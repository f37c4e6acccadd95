/* Characters, strings, heredocs and numbers of HCL. */
#include "base/hcl_scan.h"
#include "base/errno.h"
#include "base/escape.h"
#include "base/mem.h"

int hcl_error(struct text_error *error, struct hcl_place at, const char *what, const char *found)
{
	struct text t;

	error->line = at.line;
	error->column = at.column;
	text_init(&t, error->message, sizeof(error->message));
	text_put(&t, what);
	if (found) {
		text_put(&t, ", found ");
		text_put(&t, found);
	}
	return -EINVAL;
}

/* "<what>, found <what stands here>" */
int hcl_expected(struct hcl_parser *p, const char *what)
{
	char found[32];
	struct text t;

	text_init(&t, found, sizeof(found));
	text_put_found(&t, p->at, p->end);
	return hcl_error(p->error, p->place, what, found);
}

int hcl_no_memory(struct hcl_parser *p)
{
	(void)hcl_error(p->error, p->place, "the text needs more memory than there is for it", NULL);
	return -ENOMEM;
}

char hcl_peek(const struct hcl_parser *p, size_t ahead)
{
	return (size_t)(p->end - p->at) > ahead ? p->at[ahead] : '\0';
}

/* The only way forward, so that lines and columns are always right. */
void hcl_skip(struct hcl_parser *p, size_t bytes)
{
	for (; bytes; bytes--, p->at++) {
		if (*p->at == '\n') {
			p->place.line++;
			p->place.column = 1;
		} else if (((uint8_t)*p->at & 0xc0) != 0x80) {
			p->place.column++;
		}
	}
}

static void hcl_skip_line(struct hcl_parser *p)
{
	while (p->at < p->end && *p->at != '\n')
		hcl_skip(p, 1);
}

static int hcl_skip_comment(struct hcl_parser *p)
{
	struct hcl_place start = p->place;

	for (hcl_skip(p, 2); p->at < p->end; hcl_skip(p, 1)) {
		if (*p->at == '*' && hcl_peek(p, 1) == '/') {
			hcl_skip(p, 2);
			return 0;
		}
	}
	return hcl_error(p->error, start, "expected */ at the end of this comment", "the end of the file");
}

int hcl_skip_space(struct hcl_parser *p)
{
	int err;

	for (;;) {
		char c = hcl_peek(p, 0), d = hcl_peek(p, 1);

		if (p->at < p->end && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
			hcl_skip(p, 1);
		} else if (c == '#' || (c == '/' && d == '/')) {
			hcl_skip_line(p);
		} else if (c == '/' && d == '*') {
			err = hcl_skip_comment(p);
			if (err)
				return err;
		} else {
			return 0;
		}
	}
}

static bool hcl_is_letter(char c)
{
	return ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_';
}

bool hcl_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

size_t hcl_word(const struct hcl_parser *p)
{
	size_t n = 0;

	if (!hcl_is_letter(hcl_peek(p, 0)))
		return 0;
	while (hcl_is_letter(hcl_peek(p, n)) || hcl_is_digit(hcl_peek(p, n)) || hcl_peek(p, n) == '-' ||
	       hcl_peek(p, n) == '.')
		n++;
	return n;
}

int hcl_copy(struct hcl_parser *p, struct hcl_string *out, size_t size)
{
	char *to = arena_take(p->arena, size + 1);

	if (!to)
		return hcl_no_memory(p);
	memcpy(to, p->at, size);
	to[size] = '\0';
	*out = (struct hcl_string){ to, size };
	hcl_skip(p, size);
	return 0;
}

/* The bytes up to the closing quote, so that the copy takes no more room than it needs. */
static size_t hcl_quoted_length(const struct hcl_parser *p)
{
	const char *c = p->at;

	while (c < p->end && *c != '"' && *c != '\n')
		c += *c == '\\' && c + 1 < p->end ? 2 : 1;
	return (size_t)(c - p->at);
}

int hcl_quoted(struct hcl_parser *p, struct hcl_string *out)
{
	struct hcl_place start = p->place;
	size_t used = 0, taken, n;
	char *to;

	hcl_skip(p, 1);
	to = arena_take(p->arena, hcl_quoted_length(p) + 4);
	if (!to)
		return hcl_no_memory(p);
	while (p->at < p->end && *p->at != '"') {
		n = escape_read(p->at, p->end, true, to + used, &taken);
		if (!n && *p->at == '\n')
			return hcl_error(p->error, start, "expected '\"' at the end of this string",
					 "the end of the line");
		if (!n)
			return hcl_expected(p, "expected a character or escape of a string in UTF-8");
		if (n == 1 && !to[used])
			return hcl_error(p->error, p->place, "a string cannot contain the character NUL", NULL);
		used += n;
		hcl_skip(p, taken);
	}
	if (p->at >= p->end)
		return hcl_error(p->error, start, "expected '\"' at the end of this string", "the end of the file");
	hcl_skip(p, 1);
	to[used] = '\0';
	*out = (struct hcl_string){ to, used };
	return 0;
}

struct hcl_heredoc {
	const char *marker;
	size_t marker_size, indent;
	bool strip;
};

static size_t hcl_blanks(const char *at, const char *end)
{
	size_t n = 0;

	while (at + n < end && (at[n] == ' ' || at[n] == '\t'))
		n++;
	return n;
}

/* Find the closing marker, alone on its line; also the smallest indentation before it. NULL when it is missing. */
static const char *hcl_heredoc_end(struct hcl_heredoc *h, const char *at, const char *end)
{
	h->indent = SIZE_MAX;
	while (at < end) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		size_t blanks = hcl_blanks(at, end), rest;

		if (!line_end)
			line_end = end;
		rest = (size_t)(line_end - at) - blanks;
		if (rest && line_end[-1] == '\r')
			rest--;
		if (rest == h->marker_size && memcmp(at + blanks, h->marker, rest) == 0)
			return at;
		if (rest && blanks < h->indent)
			h->indent = blanks;
		at = line_end < end ? line_end + 1 : end;
	}
	return NULL;
}

/* <<EOT takes the lines as they are; <<-EOT takes away the indentation that all of them have. No escapes. */
int hcl_heredoc(struct hcl_parser *p, struct hcl_string *out)
{
	struct hcl_heredoc h = { .strip = hcl_peek(p, 2) == '-' };
	struct hcl_place start = p->place;
	const char *stop;
	size_t used = 0;
	char *to;

	hcl_skip(p, h.strip ? 3 : 2);
	h.marker = p->at;
	h.marker_size = hcl_word(p);
	hcl_skip(p, h.marker_size + (hcl_peek(p, h.marker_size) == '\r'));
	if (!h.marker_size || hcl_peek(p, 0) != '\n')
		return hcl_expected(p, "expected a word and the end of the line after <<");
	hcl_skip(p, 1);
	stop = hcl_heredoc_end(&h, p->at, p->end);
	if (!stop)
		return hcl_error(p->error, start, "expected a line with only the closing word of this text",
				 "the end of the file");
	to = arena_take(p->arena, (size_t)(stop - p->at) + 1);
	if (!to)
		return hcl_no_memory(p);
	while (p->at < stop) {
		size_t n = utf8_length(p->at, stop);

		if (h.strip && p->place.column == 1) {
			size_t blanks = hcl_blanks(p->at, stop);

			hcl_skip(p, blanks < h.indent ? blanks : h.indent);
			n = utf8_length(p->at, stop);
		}
		if (p->at < stop && (!n || !*p->at))
			return hcl_expected(p, "expected a character in UTF-8");
		memcpy(to + used, p->at, n);
		used += n;
		hcl_skip(p, n);
	}
	hcl_skip(p, hcl_blanks(p->at, p->end) + h.marker_size);
	to[used] = '\0';
	*out = (struct hcl_string){ to, used };
	return 0;
}

static size_t hcl_digits(const struct hcl_parser *p, size_t from)
{
	size_t n = from;

	while (hcl_is_digit(hcl_peek(p, n)))
		n++;
	return n - from;
}

int hcl_number(struct hcl_parser *p, struct hcl_node *node)
{
	size_t n = hcl_peek(p, 0) == '-', digits = hcl_digits(p, n);
	bool good = digits && (digits == 1 || hcl_peek(p, n) != '0');

	n += digits;
	if (good && hcl_peek(p, n) == '.') {
		digits = hcl_digits(p, n + 1);
		n += 1 + digits;
		good = digits;
	}
	if (good && (hcl_peek(p, n) | 32) == 'e') {
		n++;
		n += hcl_peek(p, n) == '+' || hcl_peek(p, n) == '-';
		digits = hcl_digits(p, n);
		n += digits;
		good = digits;
	}
	if (!good)
		return hcl_error(p->error, p->place, "expected a number such as 12, -3 or 0.5 (no leading zeros)",
				 NULL);
	if (hcl_is_letter(hcl_peek(p, n))) {
		hcl_skip(p, n);
		return hcl_expected(p, "expected the end of the number (a number with a unit stands in quotes)");
	}
	node->kind = HCL_NUMBER;
	return hcl_copy(p, &node->text, n);
}
