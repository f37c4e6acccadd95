#include "platform/request.h"
#include "base/bytes.h"
#include "base/errno.h"
#include "base/json.h"
#include "base/json_write.h"

static void request_put_u16(struct json_writer *w, const char *name, const void *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	json_put_u64(w, name, value);
}

/* The members in their order:  HEX(name, field) or U16(name, field) */
#define REQUEST_PLATFORM(HEX, U16) \
	HEX("pck_public_key", pck_public_key) \
	HEX("ppid", ppid) \
	HEX("platform_instance_id", platform_instance_id) \
	HEX("cpu_svn", cpu_svn) \
	U16("pce_svn", pce_svn) \
	HEX("pce_id", pce_id) \
	HEX("fmspc", fmspc)
#define REQUEST_QE(HEX, U16) \
	HEX("mrenclave", qe.mrenclave) \
	HEX("mrsigner", qe.mrsigner) \
	U16("isv_prod_id", qe.isv_prod_id) \
	U16("isv_svn", qe.isv_svn) \
	HEX("attributes", qe.attributes) \
	HEX("misc_select", qe.misc_select)

static long request_write(const struct request *r, char *buffer, size_t size, bool with_signature)
{
	struct json_writer w;

#define HEX(name, field) json_put_hex(&w, name, r->field, sizeof(r->field));
#define U16(name, field) request_put_u16(&w, name, &r->field);
	json_write_init(&w, buffer, size, false);
	json_object(&w, NULL);
	json_put_u64(&w, "version", REQUEST_VERSION);
	REQUEST_PLATFORM(HEX, U16)
	json_object(&w, "qe");
	REQUEST_QE(HEX, U16)
	json_close(&w);
#undef HEX
#undef U16
	if (with_signature)
		json_put_hex(&w, "signature", r->signature, sizeof(r->signature));
	json_close(&w);
	return json_write_end(&w);
}

long request_signed_text(const struct request *r, char *buffer, size_t size)
{
	return request_write(r, buffer, size, false);
}

long request_text(const struct request *r, char *buffer, size_t size)
{
	return request_write(r, buffer, size, true);
}

static bool request_hex(const struct json *object, const char *name, void *to, size_t size)
{
	const struct json *member = json_member_of(object, name, JSON_STRING);
	struct json_span inside;

	if (!member)
		return false;
	inside = json_inside(member);
	return hex_decode(inside.at, inside.size, to, size);
}

static bool request_u16(const struct json *object, const char *name, uint16_t *to)
{
	const struct json *member = json_member_of(object, name, JSON_NUMBER);
	uint64_t value;

	if (!member || !json_u64(member, &value) || value > 0xffff)
		return false;
	*to = (uint16_t)value;
	return true;
}

static const char *request_members(struct request *r, const struct json *root)
{
	const struct json *at = root;

#define HEX(name, field) \
	if (!request_hex(at, name, r->field, sizeof(r->field))) \
		return name;
#define U16(name, field) \
	if (!request_u16(at, name, &r->field)) \
		return name;
	REQUEST_PLATFORM(HEX, U16)
	HEX("signature", signature)
	at = json_member_of(root, "qe", JSON_OBJECT);
	REQUEST_QE(HEX, U16)
#undef HEX
#undef U16
	return NULL;
}

static int request_refuse(struct text_error *error, const char *what, const char *name)
{
	struct text t;

	*error = (struct text_error){ .line = 1, .column = 1 };
	text_init(&t, error->message, sizeof(error->message));
	text_put(&t, what);
	text_put(&t, name);
	return -EINVAL;
}

int request_read(struct request *r, const char *text, size_t size, struct text_error *error)
{
	struct json values[64];
	struct json_reader reader = { .values = values, .capacity = sizeof(values) / sizeof(values[0]) };
	char again[REQUEST_TEXT_MAX];
	uint16_t version;
	const char *wrong;
	long n;

	if (size && text[size - 1] == '\n')
		size--;
	if (json_read(&reader, text, size, error))
		return -EINVAL;
	if (!request_u16(values, "version", &version) || version != REQUEST_VERSION)
		return request_refuse(error, "expected a platform request of version 1", "");
	wrong = request_members(r, values);
	if (wrong)
		return request_refuse(error, "missing, of another length or out of range: ", wrong);
	n = request_text(r, again, sizeof(again));
	if (n < 0 || (size_t)n != size || memcmp(again, text, size))
		return request_refuse(error,
				      "expected the members in their order and without white space, and no others", "");
	return 0;
}
