#include <string.h>
#include <strings.h>

#include "server/http/gate.h"

enum { TOKEN = 1, DIGIT = 2, TARGET = 4, VALUE = 8 };

/*
 * Classes of bytes: RFC 9110 5.6.2 token; RFC 9112 3.2 target (visible ASCII but '#', which no client may send); RFC
 * 9110 5.5 field value without obs-text, so that every value may stand in JSON.
 */
static unsigned int class_of(unsigned char c)
{
	unsigned int classes = 0;

	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c && strchr("!#$%&'*+-.^_`|~", c)))
		classes |= TOKEN;
	if (c >= '0' && c <= '9')
		classes |= TOKEN | DIGIT;
	if (c > ' ' && c < 0x7f && c != '#')
		classes |= TARGET;
	if (c == '\t' || (c >= ' ' && c < 0x7f))
		classes |= VALUE;
	return classes;
}

static bool all_of(const char *s, size_t size, unsigned int class)
{
	for (size_t i = 0; i < size; i++)
		if (!(class_of((unsigned char)s[i]) & class))
			return false;
	return size > 0;
}

static bool refused(struct gate_error *error, int status, const char *text)
{
	*error = (struct gate_error){ status, text };
	return false;
}

size_t gate_find(const char *at, size_t size, size_t from)
{
	/* The empty line may have begun in what was seen before. */
	size_t start = from > 3 ? from - 3 : 0;
	const char *end = size - start >= 4 ? memmem(at + start, size - start, "\r\n\r\n", 4) : NULL;

	return end ? (size_t)(end - at) + 4 : 0;
}

const char *gate_field(const struct gate_head *head, const char *name)
{
	for (size_t i = 0; i < head->count; i++)
		if (!strcasecmp(head->fields[i].name, name))
			return head->fields[i].value;
	return NULL;
}

/* Absolute form (RFC 9112 3.2.2) is what proxies are sent; the authority in it says nothing here. */
static char *target_origin(char *target)
{
	char *path;

	if (!strncasecmp(target, "http://", 7))
		path = strchr(target + 7, '/');
	else if (!strncasecmp(target, "https://", 8))
		path = strchr(target + 8, '/');
	else
		return target;
	return path;
}

static bool line_read(char *at, size_t size, struct gate_head *head, struct gate_error *error)
{
	char *space = memchr(at, ' ', size), *second, *end = at + size, *target;

	if (!space || !all_of(at, (size_t)(space - at), TOKEN))
		return refused(error, 400, "the request line does not begin with a method");
	second = memchr(space + 1, ' ', (size_t)(end - space - 1));
	if (!second)
		return refused(error, 400, "the request line is not a method, a target and a version");
	if (second - space - 1 > GATE_TARGET_MAX)
		return refused(error, 414, "the URL is too long");
	if (!all_of(space + 1, (size_t)(second - space - 1), TARGET))
		return refused(error, 400, "the URL has characters that must be escaped");
	if (end - second != 9 || memcmp(second + 1, "HTTP/", 5))
		return refused(error, 400, "the request line does not end in a version of HTTP");
	if (memcmp(second + 6, "1.1", 3) && memcmp(second + 6, "1.0", 3))
		return refused(error, 505, "this is an HTTP/1.1 server");
	head->close = second[8] == '0';
	*space = *second = '\0';
	head->method = at;
	target = target_origin(space + 1);
	if (!target || (*target != '/' && (strcmp(target, "*") || strcmp(at, "OPTIONS"))))
		return refused(error, 400, "the URL does not begin with a slash");
	head->target = target;
	return true;
}

static bool field_read(char *at, size_t size, struct gate_head *head, struct gate_error *error)
{
	char *colon = memchr(at, ':', size), *value, *end = at + size;

	if (*at == ' ' || *at == '\t')
		return refused(error, 400, "a header is folded over two lines");
	if (!colon || !all_of(at, (size_t)(colon - at), TOKEN))
		return refused(error, 400, "a header's name is not a word followed by a colon");
	value = colon + 1;
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	if (end > value && !all_of(value, (size_t)(end - value), VALUE))
		return refused(error, 400, "a header's value has control characters");
	if (head->count == GATE_FIELDS_MAX)
		return refused(error, 431, "there are too many headers");
	*colon = *end = '\0';
	head->fields[head->count++] = (struct gate_field){ at, value };
	return true;
}

/* Fields that decide what a request is and who asks: twice is a question that is not answered by taking one. */
static const char *const only_once[] = { "Host", "Content-Length", "Transfer-Encoding", "Content-Type", "Expect",
	"Authorization", "X-Vault-Token", "X-Vault-Namespace", "X-Vault-Wrap-TTL", "X-Vault-Wrap-Format" };

static bool repeated(const struct gate_head *head)
{
	for (size_t i = 0; i < sizeof(only_once) / sizeof(only_once[0]); i++) {
		unsigned int count = 0;

		for (size_t f = 0; f < head->count; f++)
			count += !strcasecmp(head->fields[f].name, only_once[i]);
		if (count > 1)
			return true;
	}
	return false;
}

/* RFC 9112 6.3: how long the body is. */
static bool body_read(struct gate_head *head, struct gate_error *error)
{
	const char *length = gate_field(head, "Content-Length"), *coding = gate_field(head, "Transfer-Encoding");

	if (length && coding)
		return refused(error, 400, "Content-Length and Transfer-Encoding exclude each other");
	if (coding) {
		if (strcasecmp(coding, "chunked"))
			return refused(error, 501, "the only transfer coding is chunked");
		if (head->close)
			return refused(error, 400, "HTTP/1.0 has no transfer codings");
		head->body = BODY_CHUNKED;
	} else if (length) {
		if (!all_of(length, strlen(length), DIGIT) || strlen(length) > 18)
			return refused(error, 400, "Content-Length is not a number");
		for (const char *c = length; *c; c++)
			head->length = head->length * 10 + (uint64_t)(*c - '0');
		head->body = head->length ? BODY_LENGTH : BODY_NONE;
	}
	return true;
}

/* "a, b": has the list this word? */
static bool list_has(const char *list, const char *word)
{
	size_t size = strlen(word);

	while (*list) {
		list += strspn(list, " \t,");
		if (!strncasecmp(list, word, size) && (!list[size] || strchr(" \t,", list[size])))
			return true;
		list += strcspn(list, ",");
	}
	return false;
}

static bool host_is_sane(const char *host)
{
	for (; *host; host++)
		if (!(class_of((unsigned char)*host) & TARGET) || strchr("/?@\\", *host))
			return false;
	return true;
}

static bool fields_judge(struct gate_head *head, struct gate_error *error)
{
	const char *host = gate_field(head, "Host"), *connection = gate_field(head, "Connection"),
		   *expect = gate_field(head, "Expect");

	if (repeated(head))
		return refused(error, 400, "a header stands twice");
	if ((!host && !head->close) || (host && !host_is_sane(host)))
		return refused(error, 400, "the Host header is missing or malformed");
	if (!body_read(head, error))
		return false;
	if (expect && strcasecmp(expect, "100-continue"))
		return refused(error, 417, "the only expectation is 100-continue");
	head->expects = expect && !head->close;
	if (connection && list_has(connection, "keep-alive"))
		head->close = false;
	if (connection && list_has(connection, "close"))
		head->close = true;
	return true;
}

bool gate_read(char *at, size_t size, struct gate_head *head, struct gate_error *error)
{
	char *end = at + size - 2; /* of the fields: the empty line */
	bool first = true;

	memset(head, 0, sizeof(*head));
	while (at < end) {
		char *line = memchr(at, '\n', (size_t)(end - at));

		/* A CR or LF alone is no end of a line, and within one it is a control character. */
		if (!line || line == at || line[-1] != '\r')
			return refused(error, 400, "a line does not end in CR and LF");
		line[-1] = '\0';
		if (first ? !line_read(at, (size_t)(line - 1 - at), head, error)
			  : !field_read(at, (size_t)(line - 1 - at), head, error))
			return false;
		first = false;
		at = line + 1;
	}
	return !first ? fields_judge(head, error) : refused(error, 400, "the request is empty");
}
