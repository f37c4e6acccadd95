#include "quoting/aesm.h"
#include "abi/evidence.h"
#include "base/bytes.h"
#include "quoting/silicon.h"
#include "aesm.pb-c.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define AESM_ANSWER_MAX (128U << 10)
#define AESM_KEYS_MAX 64
#define AESM_KEY_ID_SIZE 256
#define AESM_TIMEOUT_US 30000000U /* what the service may take; a refresh of TCB information asks the network */
/* sgx_ql_att_key_id_t, packed: 16-bit id, version, length; MRSIGNER 48, product 4, extended 16, config 64, family 16 */
#define KEY_ID_ALGORITHM 154

#define _cleanup_response_ __attribute__((cleanup(aesm_response_put)))

static void aesm_response_put(Aesm__Response **response)
{
	if (*response)
		aesm__response__free_unpacked(*response, NULL);
}

static bool aesm_send(int fd, const uint8_t *at, size_t size)
{
	ssize_t n;

	for (; size; at += n, size -= (size_t)n) {
		n = send(fd, at, size, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
	}
	return true;
}

static bool aesm_receive(int fd, uint8_t *to, size_t size)
{
	return recv(fd, to, size, MSG_WAITALL) == (ssize_t)size;
}

static Aesm__Response *aesm_answer(int fd, struct fail *f)
{
	Aesm__Response *answer = NULL;
	uint8_t head[4], *body = NULL;
	uint32_t size = 0;

	if (aesm_receive(fd, head, sizeof(head)))
		size = (uint32_t)head[0] | (uint32_t)head[1] << 8 | (uint32_t)head[2] << 16 | (uint32_t)head[3] << 24;
	if (size && size <= AESM_ANSWER_MAX)
		body = malloc(size);
	if (body && aesm_receive(fd, body, size))
		answer = aesm__response__unpack(NULL, size, body);
	if (!answer)
		(void)fail(f, "AESM: expected an answer of at most %u bytes, found %u bytes that cannot be read",
			   AESM_ANSWER_MAX, size);
	else if (answer->unsupported) {
		(void)fail(f, "AESM: it does not know this request (error %u): DCAP needs version 2.10 or newer",
			   answer->unsupported->error_code);
		aesm__response__free_unpacked(answer, NULL);
		answer = NULL;
	}
	free(body);
	return answer;
}

/* One request, one connection: the service closes it. */
static Aesm__Response *aesm_exchange(const char *socket, const Aesm__Request *request, struct fail *f)
{
	size_t size = aesm__request__get_packed_size(request);
	uint8_t bytes[4 + 2 * AESM_KEY_ID_SIZE + SGX_REPORT_BYTES];
	struct bytes_writer w = { .at = bytes, .size = 4 };
	Aesm__Response *answer = NULL;
	int fd;

	if (size > sizeof(bytes) - 4) {
		(void)fail(f, "AESM: a request of %zu bytes does not fit", size);
		return NULL;
	}
	bytes_put_le(&w, size, 4);
	(void)aesm__request__pack(request, bytes + 4);
	fd = aesm_connect(socket, f);
	if (fd < 0)
		return NULL;
	if (aesm_send(fd, bytes, size + 4))
		answer = aesm_answer(fd, f);
	else
		(void)fail(f, "AESM: cannot send to %s: %s", socket, strerror(errno));
	close(fd);
	return answer;
}

/* What an answer must have: the right part, and no error in it. */
static bool aesm_good(const char *step, const uint32_t *error, struct fail *f)
{
	if (!error)
		(void)fail(f, "AESM: %s: it answered something else", step);
	else if (*error)
		(void)fail(f, "AESM: %s: error %u", step, *error);
	return error && !*error;
}

#define AESM_GOOD(step, part, f) aesm_good(step, (part) ? &(part)->error_code : NULL, f)

static long aesm_key_count(const char *socket, struct fail *f)
{
	Aesm__Request request = AESM__REQUEST__INIT;
	Aesm__Request__GetKeyIdCount count = AESM__REQUEST__GET_KEY_ID_COUNT__INIT;
	_cleanup_response_ Aesm__Response *answer = NULL;
	long found = -1;

	count.has_timeout = true;
	count.timeout = AESM_TIMEOUT_US;
	request.key_id_count = &count;
	answer = aesm_exchange(socket, &request, f);
	if (answer && AESM_GOOD("number of attestation keys", answer->key_id_count, f)) {
		found = answer->key_id_count->count;
		if (found < 1 || found > AESM_KEYS_MAX)
			found = fail(f, "AESM: expected 1 to %d attestation keys, found %ld", AESM_KEYS_MAX, found);
	}
	return found;
}

static int aesm_choose_key(const ProtobufCBinaryData *ids, uint8_t to[AESM_KEY_ID_SIZE], struct fail *f)
{
	for (size_t at = 0; ids->len - at >= AESM_KEY_ID_SIZE; at += AESM_KEY_ID_SIZE) {
		struct bytes_reader r = { ids->data + at + KEY_ID_ALGORITHM, 4, false };

		if (bytes_u32(&r) == QUOTE_KEY_P256) {
			memcpy(to, ids->data + at, AESM_KEY_ID_SIZE);
			return 0;
		}
	}
	return fail(f, "AESM: none of its %zu attestation keys is for ECDSA P-256 (DCAP)", ids->len / AESM_KEY_ID_SIZE);
}

static int aesm_key(const char *socket, uint8_t to[AESM_KEY_ID_SIZE], struct fail *f)
{
	Aesm__Request request = AESM__REQUEST__INIT;
	Aesm__Request__GetKeyIds ids = AESM__REQUEST__GET_KEY_IDS__INIT;
	long count = aesm_key_count(socket, f);
	_cleanup_response_ Aesm__Response *answer = NULL;
	int result = -1;

	if (count < 0)
		return -1;
	ids.buf_size = (uint32_t)count * AESM_KEY_ID_SIZE;
	ids.has_timeout = true;
	ids.timeout = AESM_TIMEOUT_US;
	request.key_ids = &ids;
	answer = aesm_exchange(socket, &request, f);
	if (answer && AESM_GOOD("attestation keys", answer->key_ids, f))
		result = aesm_choose_key(&answer->key_ids->key_ids, to, f);
	return result;
}

/* Asked twice, as the service wants it: how large the key's id is, then everything. */
static int aesm_init_quote(const char *socket, uint8_t key_id[AESM_KEY_ID_SIZE], uint64_t *id_size,
			   struct sgx_targetinfo *to, struct fail *f)
{
	Aesm__Request request = AESM__REQUEST__INIT;
	Aesm__Request__InitQuoteEx init = AESM__REQUEST__INIT_QUOTE_EX__INIT;
	_cleanup_response_ Aesm__Response *answer = NULL;
	const ProtobufCBinaryData *info;

	init.has_att_key_id = init.has_timeout = true;
	init.att_key_id = (ProtobufCBinaryData){ AESM_KEY_ID_SIZE, key_id };
	init.timeout = AESM_TIMEOUT_US;
	init.b_pub_key_id = init.has_buf_size = *id_size != 0;
	init.buf_size = *id_size;
	request.init_quote = &init;
	answer = aesm_exchange(socket, &request, f);
	if (!answer || !AESM_GOOD("start of quoting", answer->init_quote, f))
		return -1;
	info = &answer->init_quote->target_info;
	if (!*id_size)
		*id_size = answer->init_quote->pub_key_id_size;
	else if (info->len == sizeof(*to))
		memcpy(to, info->data, sizeof(*to));
	else
		return fail(f, "AESM: expected target information of %zu bytes, found %zu", sizeof(*to), info->len);
	return 0;
}

int aesm_target(const char *socket, struct sgx_targetinfo *to, struct fail *f)
{
	uint8_t key_id[AESM_KEY_ID_SIZE];
	uint64_t id_size = 0;

	if (aesm_key(socket, key_id, f) || aesm_init_quote(socket, key_id, &id_size, to, f))
		return -1;
	if (!id_size)
		return fail(f, "AESM: start of quoting: the key's id has no size");
	return aesm_init_quote(socket, key_id, &id_size, to, f);
}

static long aesm_quote_size(const char *socket, uint8_t key_id[AESM_KEY_ID_SIZE], struct fail *f)
{
	Aesm__Request request = AESM__REQUEST__INIT;
	Aesm__Request__GetQuoteSizeEx ask = AESM__REQUEST__GET_QUOTE_SIZE_EX__INIT;
	_cleanup_response_ Aesm__Response *answer = NULL;
	long size;

	ask.has_att_key_id = ask.has_timeout = true;
	ask.att_key_id = (ProtobufCBinaryData){ AESM_KEY_ID_SIZE, key_id };
	ask.timeout = AESM_TIMEOUT_US;
	request.quote_size = &ask;
	answer = aesm_exchange(socket, &request, f);
	if (!answer || !AESM_GOOD("size of the quote", answer->quote_size, f))
		return -1;
	size = answer->quote_size->quote_size;
	if (!size || size > (long)SILICON_QUOTE_MAX)
		return fail(f, "AESM: expected a quote of at most %u bytes, found %ld", SILICON_QUOTE_MAX, size);
	return size;
}

int aesm_quote(const char *socket, const uint8_t report[SGX_REPORT_BYTES], uint8_t quote[SILICON_QUOTE_MAX],
	       uint32_t *size, struct fail *f)
{
	Aesm__Request request = AESM__REQUEST__INIT;
	Aesm__Request__GetQuoteEx ask = AESM__REQUEST__GET_QUOTE_EX__INIT;
	_cleanup_response_ Aesm__Response *answer = NULL;
	uint8_t key_id[AESM_KEY_ID_SIZE], own[SGX_REPORT_BYTES];
	long expected;

	memcpy(own, report, sizeof(own)); /* it may lie where the quote goes */
	if (aesm_key(socket, key_id, f))
		return -1;
	expected = aesm_quote_size(socket, key_id, f);
	if (expected < 0)
		return -1;
	ask.report = (ProtobufCBinaryData){ sizeof(own), own };
	ask.has_att_key_id = ask.has_timeout = true;
	ask.att_key_id = (ProtobufCBinaryData){ sizeof(key_id), key_id };
	ask.buf_size = (uint32_t)expected;
	ask.timeout = AESM_TIMEOUT_US;
	request.quote = &ask;
	answer = aesm_exchange(socket, &request, f);
	if (!answer || !AESM_GOOD("quote", answer->quote, f))
		return -1;
	return silicon_take_quote("AESM", answer->quote->quote.data, answer->quote->quote.len, own, quote, size, f);
}
