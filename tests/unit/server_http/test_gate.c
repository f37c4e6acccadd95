/* The gate: a table of requests that two programs could read in two ways, and what must still pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/http/gate.h"

#define LINE "GET /v1/sys/health HTTP/1.1\r\n"
#define HOST "Host: a\r\n"
#define END "\r\n"
#define TEXT(s) s, sizeof(s) - 1

static const struct { const char *text; size_t size; int status;
} refused[] = {
	/* two lengths */
	{ TEXT("POST /v1/x HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" END), 400 },
	{ TEXT("POST /v1/x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" END), 400 },
	{ TEXT("POST /v1/x HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 6\r\n" END), 400 },
	{ TEXT("POST /v1/x HTTP/1.1\r\n" HOST "Content-Length: 5\r\ncontent-length: 5\r\n" END), 400 },
	{ TEXT("POST /v1/x HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n" END), 400 },
	{ TEXT("POST /v1/x HTTP/1.1\r\n" HOST "Content-Length: +5\r\n" END), 400 },
	{ TEXT("POST /v1/x HTTP/1.1\r\n" HOST "Content-Length: -1\r\n" END), 400 },
	{ TEXT("POST /v1/x HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n" END), 400 },
	{ TEXT("POST /v1/x HTTP/1.1\r\n" HOST "Content-Length:\r\n" END), 400 },
	{ TEXT("POST /v1/x HTTP/1.1\r\n" HOST "Content-Length: 5 5\r\n" END), 400 },
	{ TEXT("POST /v1/x HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551621\r\n" END), 400 },
	/* codings */
	{ TEXT("POST /v1/x HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n" END), 501 },
	{ TEXT("POST /v1/x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, identity\r\n" END), 501 },
	{ TEXT("POST /v1/x HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n" END), 501 },
	{ TEXT("POST /v1/x HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n" END), 501 },
	{ TEXT("POST /v1/x HTTP/1.1\r\n" HOST "Transfer-Encoding: \"chunked\"\r\n" END), 501 },
	{ TEXT("POST /v1/x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" END),
	  400 },
	{ TEXT("POST /v1/x HTTP/1.1\r\n" HOST "Transfer-Encoding : chunked\r\n" END), 400 },
	{ TEXT("POST /v1/x HTTP/1.1\r\n" HOST "Transfer-Encoding:\x0b"
	       "chunked\r\n" END),
	  400 },
	{ TEXT("POST /v1/x HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n" END), 400 },
	/* names */
	{ TEXT(LINE HOST "X-Vault-Token : root\r\n" END), 400 },
	{ TEXT(LINE HOST "X-Vault-Token\t: root\r\n" END), 400 },
	{ TEXT(LINE HOST " X-Vault-Token: root\r\n" END), 400 },
	{ TEXT(LINE HOST ": root\r\n" END), 400 },
	{ TEXT(LINE HOST "X-Vault-Token\r\n" END), 400 },
	{ TEXT(LINE HOST "X-Vault Token: root\r\n" END), 400 },
	{ TEXT(LINE HOST "X-Vault-Token\0: root\r\n" END), 400 },
	{ TEXT(LINE HOST "X\x80: root\r\n" END), 400 },
	/* values */
	{ TEXT(LINE HOST "X-Vault-Token: ro\0ot\r\n" END), 400 },
	{ TEXT(LINE HOST "X-Vault-Token: ro\rot\r\n" END), 400 },
	{ TEXT(LINE HOST "X-Vault-Token: ro\x7fot\r\n" END), 400 },
	{ TEXT(LINE HOST "X-Vault-Token: r\xc3\xb6ot\r\n" END), 400 },
	{ TEXT(LINE HOST "A: b\r\n c\r\n" END), 400 },
	{ TEXT(LINE HOST "A: b\r\n\tc\r\n" END), 400 },
	/* lines */
	{ TEXT("GET /v1/x HTTP/1.1\n" HOST END), 400 },
	{ TEXT(LINE "Host: a\nX-Vault-Token: root\r\n" END), 400 },
	{ TEXT(LINE "Host: a\rX-Vault-Token: root\r\n" END), 400 },
	{ TEXT(LINE HOST "\nGET /v1/y HTTP/1.1\r\n" END), 400 },
	/* twice */
	{ TEXT(LINE HOST HOST END), 400 },
	{ TEXT(LINE HOST "X-Vault-Token: a\r\nx-vault-token: b\r\n" END), 400 },
	{ TEXT(LINE HOST "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n" END), 400 },
	{ TEXT(LINE HOST "X-Vault-Namespace: a\r\nX-Vault-Namespace: b\r\n" END), 400 },
	{ TEXT(LINE HOST "Content-Type: a/b\r\nContent-Type: c/d\r\n" END), 400 },
	/* the request line */
	{ TEXT("GET  /v1/x HTTP/1.1\r\n" HOST END), 400 },
	{ TEXT("GET /v1/x  HTTP/1.1\r\n" HOST END), 400 },
	{ TEXT("GET /v1/x y HTTP/1.1\r\n" HOST END), 400 },
	{ TEXT(" GET /v1/x HTTP/1.1\r\n" HOST END), 400 },
	{ TEXT("GET\t/v1/x\tHTTP/1.1\r\n" HOST END), 400 },
	{ TEXT("GET /v1/x HTTP/1.1 \r\n" HOST END), 400 },
	{ TEXT("GET /v1/x\0y HTTP/1.1\r\n" HOST END), 400 },
	{ TEXT("GET /v1/\xc3\xb6 HTTP/1.1\r\n" HOST END), 400 },
	{ TEXT("GET /v1/x#y HTTP/1.1\r\n" HOST END), 400 },
	{ TEXT("GET v1/x HTTP/1.1\r\n" HOST END), 400 },
	{ TEXT("GET * HTTP/1.1\r\n" HOST END), 400 },
	{ TEXT("GET /v1/x\r\n" HOST END), 400 },
	{ TEXT("GET /v1/x HTTP/2.0\r\n" HOST END), 505 },
	{ TEXT("GET /v1/x HTTP/1.2\r\n" HOST END), 505 },
	{ TEXT("GET /v1/x http/1.1\r\n" HOST END), 400 },
	{ TEXT("GET /v1/x HTTP/1.10\r\n" HOST END), 400 },
	{ TEXT("G(T /v1/x HTTP/1.1\r\n" HOST END), 400 },
	{ TEXT("GET http://a HTTP/1.1\r\n" HOST END), 400 },
	/* the rest */
	{ TEXT(LINE END), 400 },
	{ TEXT(LINE "Host: a/b\r\n" END), 400 },
	{ TEXT(LINE "Host: a b\r\n" END), 400 },
	{ TEXT(LINE HOST "Expect: 200-ok\r\n" END), 417 },
	{ TEXT("\r\n\r\n"), 400 },
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		char *copy = malloc(refused[i].size);
		struct gate_error error = { 0 };
		struct gate_head head;

		memcpy(copy, refused[i].text, refused[i].size);
		assert_int_equal(gate_find(copy, refused[i].size, 0), refused[i].size);
		if (gate_read(copy, refused[i].size, &head, &error) || error.status != refused[i].status)
			fail_msg("row %zu: %d, expected %d: %s", i, error.status, refused[i].status, refused[i].text);
		assert_non_null(error.text);
		free(copy);
	}
}

static const struct {
	const char *text;
	const char *method, *target;
	enum gate_body body;
	uint64_t length;
	bool close, expects;
} accepted[] = {
	{ LINE HOST END, "GET", "/v1/sys/health", BODY_NONE, 0, false, false },
	{ "LIST /v1/a%20b?c=d HTTP/1.1\r\n" HOST END, "LIST", "/v1/a%20b?c=d", BODY_NONE, 0, false, false },
	{ "POST /v1/x HTTP/1.1\r\n" HOST "Content-Length: 005\r\n" END, "POST", "/v1/x", BODY_LENGTH, 5, false, false },
	{ "POST /v1/x HTTP/1.1\r\n" HOST "Content-Length: 0\r\n" END, "POST", "/v1/x", BODY_NONE, 0, false, false },
	{ "PUT /v1/x HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\nExpect: 100-continue\r\n" END, "PUT", "/v1/x",
	  BODY_CHUNKED, 0, false, true },
	{ "GET /v1/x HTTP/1.1\r\nHost:a\r\nConnection: foo, Close\r\n" END, "GET", "/v1/x", BODY_NONE, 0, true, false },
	{ "GET /v1/x HTTP/1.0\r\n" END, "GET", "/v1/x", BODY_NONE, 0, true, false },
	{ "GET /v1/x HTTP/1.0\r\nConnection: keep-alive\r\n" END, "GET", "/v1/x", BODY_NONE, 0, false, false },
	{ "GET http://vault:8200/v1/x HTTP/1.1\r\n" HOST END, "GET", "/v1/x", BODY_NONE, 0, false, false },
	{ "OPTIONS * HTTP/1.1\r\n" HOST END, "OPTIONS", "*", BODY_NONE, 0, false, false },
	{ "GET /v1/x HTTP/1.1\r\nHost: [::1]:8200\r\nX-Vault-Token: \t hvs.x \t\r\nEmpty:\r\n" END, "GET", "/v1/x",
	  BODY_NONE, 0, false, false },
};

static void test_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
		char *copy = strdup(accepted[i].text);
		struct gate_error error = { 0 };
		struct gate_head head;

		if (!gate_read(copy, strlen(accepted[i].text), &head, &error))
			fail_msg("row %zu: %d %s", i, error.status, error.text);
		assert_string_equal(head.method, accepted[i].method);
		assert_string_equal(head.target, accepted[i].target);
		assert_int_equal(head.body, accepted[i].body);
		assert_int_equal(head.length, accepted[i].length);
		assert_int_equal(head.close, accepted[i].close);
		assert_int_equal(head.expects, accepted[i].expects);
		if (gate_field(&head, "x-vault-token"))
			assert_string_equal(gate_field(&head, "x-vault-token"), "hvs.x");
		free(copy);
	}
}

static void test_limits(void **state)
{
	size_t room = GATE_HEAD_MAX + 64;
	char *text = malloc(room), *url = calloc(1, GATE_TARGET_MAX + 1);
	struct gate_error error;
	struct gate_head head;
	int used = snprintf(text, room, LINE HOST);

	(void)state;
	for (int i = 0; i < GATE_FIELDS_MAX; i++)
		used += snprintf(text + used, room - (size_t)used, "A: b\r\n");
	used += snprintf(text + used, room - (size_t)used, END);
	assert_false(gate_read(text, (size_t)used, &head, &error));
	assert_int_equal(error.status, 431);
	memset(url, 'a', GATE_TARGET_MAX);
	used = snprintf(text, room, "GET /%s HTTP/1.1\r\n" HOST END, url);
	assert_false(gate_read(text, (size_t)used, &head, &error));
	assert_int_equal(error.status, 414);
	free(text);
	free(url);
}

/* Wherever the pieces are cut, the end is found. */
static void test_find(void **state)
{
	static const char text[] = LINE HOST END "rest";
	size_t size = sizeof(text) - 5;

	(void)state;
	for (size_t cut = 0; cut < size; cut++) {
		assert_int_equal(gate_find(text, cut, 0), 0);
		assert_int_equal(gate_find(text, sizeof(text) - 1, cut), size);
	}
}

static const struct { const char *text; size_t size; const char *content; size_t used; } chunked[] = {
	{ TEXT("5\r\nhello\r\n0\r\n\r\n"), "hello", 15 },
	{ TEXT("5\r\nhello\r\n0\r\n\r\nGET /"), "hello", 15 },
	{ TEXT("00000005\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), "hello world", 33 },
	{ TEXT("0\r\n\r\n"), "", 5 },
	{ TEXT("a\r\n0123456789\r\n0\r\n\r\n"), "0123456789", 20 },
	/* NULL: refused */
	{ TEXT("5;a=b\r\nhello\r\n0\r\n\r\n"), NULL, 0 },
	{ TEXT("5 \r\nhello\r\n0\r\n\r\n"), NULL, 0 },
	{ TEXT(" 5\r\nhello\r\n0\r\n\r\n"), NULL, 0 },
	{ TEXT("0x5\r\nhello\r\n0\r\n\r\n"), NULL, 0 },
	{ TEXT("+5\r\nhello\r\n0\r\n\r\n"), NULL, 0 },
	{ TEXT("-1\r\nhello\r\n0\r\n\r\n"), NULL, 0 },
	{ TEXT("5\nhello\r\n0\r\n\r\n"), NULL, 0 },
	{ TEXT("5\r\nhello\n0\r\n\r\n"), NULL, 0 },
	{ TEXT("5\r\nhelloo\r\n0\r\n\r\n"), NULL, 0 },
	{ TEXT("000000005\r\nhello\r\n0\r\n\r\n"), NULL, 0 },
	{ TEXT("\r\nhello\r\n0\r\n\r\n"), NULL, 0 },
	{ TEXT("5\r\nhello\r\n0\r\nX-Vault-Token: root\r\n\r\n"), NULL, 0 },
	{ TEXT("5\r\nhello\r\n0\r\n\n"), NULL, 0 },
};

static void run_chunked(size_t row, size_t piece)
{
	struct gate_chunks c = { 0 };
	enum gate_progress progress = CHUNK_MORE;
	char content[64];
	size_t at = 0, have = 0, size = 0;

	while (progress != CHUNK_END && progress != CHUNK_BAD && have < chunked[row].size) {
		have = have + piece < chunked[row].size ? have + piece : chunked[row].size;
		do {
			size_t used, data;

			progress = gate_chunk(&c, chunked[row].text + at, have - at, &used, &data);
			at += used;
			memcpy(content + size, chunked[row].text + at - data, data);
			size += data;
		} while (progress == CHUNK_DATA && at < have);
	}
	if (!chunked[row].content) {
		assert_int_equal(progress, CHUNK_BAD);
		return;
	}
	assert_int_equal(progress, CHUNK_END);
	assert_int_equal(at, chunked[row].used);
	assert_int_equal(size, strlen(chunked[row].content));
	assert_memory_equal(content, chunked[row].content, size);
}

static void test_chunks(void **state)
{
	(void)state;
	for (size_t row = 0; row < sizeof(chunked) / sizeof(chunked[0]); row++)
		for (size_t piece = 1; piece <= chunked[row].size; piece++)
			run_chunked(row, piece);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused), cmocka_unit_test(test_accepted), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_find), cmocka_unit_test(test_chunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
