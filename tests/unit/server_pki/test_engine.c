/* The engine over a store in memory: many threads at once, lists that are read once, and starts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/x509.h>

#include "server/core/ask.h"
#include "server/core/route.h"
#include "server/engine/pki/crl.h"
#include "tests/unit/server_engine/harness.h"

#define THREADS 4
#define EACH 40

static struct bench bench;

uint64_t mount_max_ttl(const struct core *core, const struct mount *m)
{
	(void)m;
	return core->config->max_lease_ttl;
}

/* One request, as threads may make it: the raw body or the text of `member`, in the caller's memory. */
static int ask(enum operation op, const char *path, const char *body, const char *member, char *out, size_t size)
{
	struct request r _cleanup_request_;
	struct text_error error;
	int status;

	request_begin(&r, &bench.core);
	r.operation = op;
	r.mount = &bench.mount;
	r.path = r.rest = path;
	if (body)
		r.body = pool_read_json(&r.pool, body, strlen(body), &error);
	assert_non_null(r.body);
	r.route = route_find(&r, bench.mount.backend->tables, r.rest);
	assert_non_null(r.route);
	status = fields_check(&r, r.route->fields);
	status = status ? status : route_handler(r.route, op)(&r);
	assert_int_equal(r.failed, 0);
	if (status < 400)
		assert_true(request_commit(&r));
	if (member && r.reply.has_data) {
		struct blob text;

		json_close(&r.reply.data);
		text = pool_json_end(&r.reply.data);
		snprintf(out, size, "%s",
			 pool_json_member(&r.pool, pool_read_json(&r.pool, (const char *)text.at, text.size, &error),
					  member));
	}
	return status;
}

struct listing {
	int64_t number;
	int count;
};

static struct listing list_get(void)
{
	struct request r _cleanup_request_;
	struct listing list = { 0, 0 };
	const unsigned char *at;
	ASN1_INTEGER *number;
	X509_CRL *crl;

	request_begin(&r, &bench.core);
	r.operation = OP_READ;
	r.mount = &bench.mount;
	r.path = r.rest = "crl";
	r.route = route_find(&r, bench.mount.backend->tables, r.rest);
	assert_int_equal(r.route->read(&r), 200);
	assert_true(request_commit(&r));
	at = r.reply.raw.at;
	crl = d2i_X509_CRL(NULL, &at, (long)r.reply.raw.size);
	assert_non_null(crl);
	number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
	list.number = ASN1_INTEGER_get(number);
	ASN1_INTEGER_free(number);
	list.count = X509_CRL_get_REVOKED(crl) ? sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)) : 0;
	X509_CRL_free(crl);
	return list;
}

static void open_engine(void)
{
	bench_open(&bench, &pki_backend);
	assert_int_equal(ask(OP_UPDATE, "root/generate/internal",
			     "{\"common_name\":\"R\",\"key_type\":\"ec\",\"ttl\":\"700h\"}", NULL, NULL, 0),
			 200);
	assert_int_equal(ask(OP_UPDATE, "roles/any", "{\"allow_any_name\":true,\"key_type\":\"ec\",\"ttl\":\"1h\"}",
			     NULL, NULL, 0),
			 200);
}

static void issue_one(char serial[64])
{
	assert_int_equal(ask(OP_UPDATE, "issue/any", "{\"common_name\":\"a.org\"}", "serial_number", serial, 64), 200);
}

static void revoke_one(const char *serial)
{
	char body[128];

	snprintf(body, sizeof(body), "{\"serial_number\":\"%s\"}", serial);
	assert_int_equal(ask(OP_UPDATE, "revoke", body, NULL, NULL, 0), 200);
}

static void *revoker(void *context)
{
	(void)context;
	for (size_t i = 0; i < EACH; i++) {
		char serial[64];

		issue_one(serial);
		revoke_one(serial);
		revoke_one(serial); /* is the same */
	}
	return NULL;
}

static void *reader(void *context)
{
	struct listing before = { 0, 0 };

	(void)context;
	for (size_t i = 0; i < EACH; i++) {
		struct listing list = list_get();

		/* Lists grow, and whoever has more has a higher number. */
		assert_true(list.number >= before.number && list.count >= before.count);
		assert_true(list.number > before.number || list.count == before.count);
		before = list;
		if (i % 8 == 0)
			pki_book_forget(((struct pki *)bench.mount.state)->book);
	}
	return NULL;
}

static void *changer(void *context)
{
	(void)context;
	for (size_t i = 0; i < EACH; i++)
		assert_int_equal(ask(OP_PATCH, "issuer/default",
				     i & 1 ? "{\"issuer_name\":\"x\"}" : "{\"issuer_name\":\"y\"}", NULL, NULL, 0),
				 200);
	return NULL;
}

/* Nothing is lost or listed twice, whatever meets. */
static void together(void **state)
{
	pthread_t threads[THREADS + 2];
	struct listing list;

	(void)state;
	open_engine();
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, revoker, NULL), 0);
	assert_int_equal(pthread_create(&threads[THREADS], NULL, reader, NULL), 0);
	assert_int_equal(pthread_create(&threads[THREADS + 1], NULL, changer, NULL), 0);
	for (size_t i = 0; i < THREADS + 2; i++)
		pthread_join(threads[i], NULL);
	list = list_get();
	assert_int_equal(list.count, THREADS * EACH);
	bench_restart(&bench);
	assert_int_equal(list_get().count, THREADS * EACH);
	assert_true(list_get().number > list.number);
	bench_close(&bench);
}

/* A list that is about to end is signed anew; one that is not stays, byte for byte. */
static void ages(void **state)
{
	struct listing list;

	(void)state;
	open_engine();
	list = list_get();
	bench.now += 3600 * 1000000000LL;
	assert_int_equal(list_get().number, list.number);
	bench.now += 60 * 3600 * 1000000000LL; /* of 72 h less 12 h */
	assert_int_equal(list_get().number, list.number + 1);
	bench_close(&bench);
}

/* Keys are where the barrier is, and in no answer. */
static void kept_inside(void **state)
{
	char text[4096];

	(void)state;
	open_engine();
	assert_int_equal(ask(OP_READ, "key/default", NULL, "key_type", text, sizeof(text)), 200);
	assert_string_equal(text, "ec");
	bench_restart(&bench);
	issue_one(text);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(together), cmocka_unit_test(ages), cmocka_unit_test(kept_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
