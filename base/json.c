#include "base/json.h"
#include "base/chain.h"
#include "base/errno.h"
#include "base/escape.h"
#include "base/mem.h"

struct json_parser {
	const char *text, *at, *end;
	struct json_reader *reader;
	struct text_error *error;
	unsigned int depth;
};

static int json_value(struct json_parser *p, struct json *v);

static void json_place(struct json_parser *p, const char *at)
{
	p->error->line = p->error->column = 1;
	for (const char *c = p->text; c < at; c++) {
		if (*c == '\n') {
			p->error->line++;
			p->error->column = 1;
		} else if (((uint8_t)*c & 0xc0) != 0x80) {
			p->error->column++;
		}
	}
}

static int json_wrong(struct json_parser *p, const char *at, const char *what, bool found)
{
	struct text t;

	json_place(p, at);
	text_init(&t, p->error->message, sizeof(p->error->message));
	text_put(&t, what);
	if (found) {
		text_put(&t, ", found ");
		text_put_found(&t, at, p->end);
	}
	return -EINVAL;
}

static char json_peek(const struct json_parser *p)
{
	return p->at < p->end ? *p->at : '\0';
}

static void json_space(struct json_parser *p)
{
	while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r'))
		p->at++;
}

static struct json *json_new(struct json_parser *p)
{
	struct json_reader *r = p->reader;
	struct json *v;

	if (r->used == r->capacity) {
		(void)json_wrong(p, p->at, "the text has more values than there is room for", false);
		return NULL;
	}
	v = &r->values[r->used++];
	memset(v, 0, sizeof(*v));
	return v;
}

/* Stands for itself, in one byte. */
static bool json_is_plain(char c)
{
	return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

/* Check a string and leave `inside` without the quotes. */
static int json_string(struct json_parser *p, struct json_span *inside)
{
	size_t taken;
	char out[4];

	if (json_peek(p) != '"')
		return json_wrong(p, p->at, "expected '\"'", true);
	inside->at = ++p->at;
	while (p->at < p->end && *p->at != '"') {
		if (json_is_plain(*p->at)) { /* nearly all of them */
			p->at++;
			continue;
		}
		if (!escape_read(p->at, p->end, false, out, &taken))
			return json_wrong(p, p->at, "expected a character or escape of a string in UTF-8", true);
		p->at += taken;
	}
	if (p->at >= p->end)
		return json_wrong(p, p->at, "expected '\"' at the end of a string", true);
	inside->size = (size_t)(p->at++ - inside->at);
	return 0;
}

static bool json_digits(struct json_parser *p)
{
	const char *start = p->at;

	while (json_peek(p) >= '0' && json_peek(p) <= '9')
		p->at++;
	return p->at > start;
}

static int json_number(struct json_parser *p)
{
	const char *start = p->at, *digits;
	bool good;

	p->at += json_peek(p) == '-';
	digits = p->at;
	good = json_digits(p) && (*digits != '0' || p->at == digits + 1);
	if (good && json_peek(p) == '.') {
		p->at++;
		good = json_digits(p);
	}
	if (good && (json_peek(p) | 32) == 'e') {
		p->at++;
		p->at += json_peek(p) == '+' || json_peek(p) == '-';
		good = json_digits(p);
	}
	return good ? 0 : json_wrong(p, start, "expected a number as JSON writes it", false);
}

static int json_literal(struct json_parser *p, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(p->end - p->at) < n || memcmp(p->at, word, n))
		return json_wrong(p, p->at, "expected a value", true);
	p->at += n;
	return 0;
}

/* Names decoded, byte by byte: "a" and "\u0061" are the same name. */
static int json_compare(const void *a, const void *b, const void *context)
{
	const struct json *x = a, *y = b;
	const char *at[2] = { x->name.at, y->name.at };
	const char *end[2] = { at[0] + x->name.size, at[1] + y->name.size };

	(void)context;
	while (at[0] < end[0] && at[1] < end[1]) {
		char c[2][4];
		size_t n[2], taken;
		int order;

		for (int i = 0; i < 2; i++) {
			n[i] = escape_read(at[i], end[i], false, c[i], &taken);
			at[i] += taken;
		}
		order = memcmp(c[0], c[1], n[0] < n[1] ? n[0] : n[1]);
		if (order || n[0] != n[1])
			return order ? order : n[0] < n[1] ? -1 : 1;
	}
	return (at[0] < end[0]) - (at[1] < end[1]);
}

static int json_unique(struct json_parser *p, struct json *object)
{
	static const struct chain chain = { offsetof(struct json, next), offsetof(struct json, order), json_compare,
					    NULL };
	struct json *v = object->first ? chain_sort(&chain, object->first) : NULL;

	for (; v && v->order; v = v->order)
		if (json_compare(v, v->order, NULL) == 0)
			return json_wrong(p, v->order->name.at - 1,
					  "expected this name once in an object, found it twice", false);
	return 0;
}

static int json_element(struct json_parser *p, struct json *v, bool object)
{
	int err;

	if (!object)
		return json_value(p, v);
	err = json_string(p, &v->name);
	if (err)
		return err;
	json_space(p);
	if (json_peek(p) != ':')
		return json_wrong(p, p->at, "expected ':' after a name", true);
	p->at++;
	json_space(p);
	return json_value(p, v);
}

static int json_nested(struct json_parser *p, struct json *v, bool object)
{
	char close = object ? '}' : ']';
	struct json **tail = &v->first;

	if (++p->depth > JSON_DEPTH_MAX)
		return json_wrong(p, p->at, "arrays and objects are nested more than 64 deep", false);
	p->at++;
	json_space(p);
	while (v->count || json_peek(p) != close) {
		int err;

		*tail = json_new(p);
		if (!*tail)
			return -ENOMEM;
		err = json_element(p, *tail, object);
		if (err)
			return err;
		tail = &(*tail)->next;
		v->count++;
		json_space(p);
		if (json_peek(p) == close)
			break;
		if (json_peek(p) != ',')
			return json_wrong(p, p->at, object ? "expected ',' or '}'" : "expected ',' or ']'", true);
		p->at++;
		json_space(p);
	}
	p->at++;
	p->depth--;
	return object ? json_unique(p, v) : 0;
}

static int json_scalar(struct json_parser *p, struct json *v)
{
	struct json_span inside;

	switch (json_peek(p)) {
	case '"':
		v->kind = JSON_STRING;
		return json_string(p, &inside);
	case 't':
		v->kind = JSON_BOOL;
		return json_literal(p, "true");
	case 'f':
		v->kind = JSON_BOOL;
		return json_literal(p, "false");
	case 'n':
		v->kind = JSON_NULL;
		return json_literal(p, "null");
	case '-':
	case '0' ... '9':
		v->kind = JSON_NUMBER;
		return json_number(p);
	default:
		return json_wrong(p, p->at, "expected a value", true);
	}
}

static int json_value(struct json_parser *p, struct json *v)
{
	const char *start = p->at;
	char c = json_peek(p);
	int err;

	if (c == '{' || c == '[') {
		v->kind = c == '{' ? JSON_OBJECT : JSON_ARRAY;
		err = json_nested(p, v, c == '{');
	} else {
		err = json_scalar(p, v);
	}
	v->span = (struct json_span){ start, (size_t)(p->at - start) };
	return err;
}

int json_read(struct json_reader *r, const char *text, size_t size, struct text_error *error)
{
	struct json_parser p = { .text = text, .at = text, .end = text + size, .reader = r, .error = error };
	struct json *root;
	int err;

	r->used = 0;
	root = json_new(&p);
	if (!root)
		return -ENOMEM;
	json_space(&p);
	err = json_value(&p, root);
	if (err)
		return err;
	json_space(&p);
	return p.at < p.end ? json_wrong(&p, p.at, "expected the end of the text", true) : 0;
}
