/* sys/key-status, sys/rotate, sys/rotate/config: the barrier's terms. */
#include "server/seal/seal_state.h"
#include "server/store/ring.h"

#define INTERVAL_MIN (24 * 3600)

static int key_status(struct request *r)
{
	struct json_writer *w = reply_data(r);
	struct barrier_status status;

	barrier_status(r->core->barrier, &status);
	json_put_u64(w, "term", status.term);
	json_put_string(w, "install_time", time_text(&r->pool, status.installed));
	json_put_u64(w, "encryptions", status.encryptions);
	return 200;
}

static int rotate(struct request *r)
{
	r->failed = barrier_rotate(r->core->barrier);
	return r->failed ? 500 : 204;
}

static int policy_read(struct request *r)
{
	struct json_writer *w = reply_data(r);
	uint64_t operations, interval;
	bool enabled;

	barrier_policy(r->core->barrier, &operations, &interval, &enabled);
	json_put_bool(w, "enabled", enabled);
	if (interval)
		json_put_string(w, "interval", duration_text(&r->pool, interval));
	else
		json_put_u64(w, "interval", 0);
	json_put_u64(w, "max_operations", operations);
	return 200;
}

static int policy_update(struct request *r)
{
	uint64_t operations, interval;
	int64_t asked_operations;
	bool enabled;

	barrier_policy(r->core->barrier, &operations, &interval, &enabled);
	asked_operations = ask_int(r, "max_operations", (int64_t)operations);
	interval = ask_seconds(r, "interval", interval);
	enabled = ask_bool(r, "enabled", enabled);
	if (interval && interval < INTERVAL_MIN)
		return refuse(r, 400, "interval must be greater or equal to 24h0m0s");
	if (asked_operations < RING_OPERATIONS_MIN || asked_operations > RING_OPERATIONS_DEFAULT)
		return refuse(r, 400, "max_operations must be in the range [%d,%lld]", RING_OPERATIONS_MIN,
			      (long long)RING_OPERATIONS_DEFAULT);
	r->failed = barrier_set_policy(r->core->barrier, (uint64_t)asked_operations, interval, enabled);
	return r->failed ? 500 : 204;
}

static const struct field policy_fields[] = {
	{ "max_operations", FIELD_INT, "encryptions after which a term ends" },
	{ "interval", FIELD_SECONDS, "time after which a term ends; 0: never" },
	{ "enabled", FIELD_BOOL, "whether terms end by themselves before the cipher's bound" },
	{ NULL },
};

static const struct route routes[] = {
	{ "key-status", ROUTE_INJECT, .read = key_status, .text = "the newest term of the key ring" },
	{ "rotate", ROUTE_SUDO, .update = rotate, .text = "begin a new term of the key ring" },
	{ "rotate/config", 0, .read = policy_read, .update = policy_update, .fields = policy_fields,
	  .text = "when terms end by themselves" },
};
const struct route_table seal_key_tables[] = { ROUTES(routes), { NULL } };
