/* sys/health: one status code that says it all, for load balancers; who asks may choose other codes. */
#include <stdlib.h>

#include "server/core/core.h"
#include "server/sys/sys.h"

static const struct field health_fields[] = {
	{ "standbyok", FIELD_BOOL, "accepted; this server is never a standby" },
	{ "perfstandbyok", FIELD_BOOL, "accepted; this server is never a standby" },
	{ "activecode", FIELD_INT, "instead of 200" },
	{ "standbycode", FIELD_INT, "accepted; this server is never a standby" },
	{ "drsecondarycode", FIELD_INT, "accepted; this server is never a secondary" },
	{ "performancestandbycode", FIELD_INT, "accepted; this server is never a standby" },
	{ "sealedcode", FIELD_INT, "instead of 503" },
	{ "uninitcode", FIELD_INT, "instead of 501" },
	{ NULL },
};

static int health_code(struct request *r, bool initialized)
{
	int64_t code = !initialized ? ask_int(r, "uninitcode", 501) :
		       !r->core->unsealed ? ask_int(r, "sealedcode", 503) : ask_int(r, "activecode", 200);

	return code >= 100 && code <= 599 ? (int)code : 400;
}

static int health(struct request *r)
{
	int initialized = barrier_initialized(r->core->barrier);
	struct json_writer *w = reply_data(r);

	json_put_bool(w, "initialized", initialized == 1);
	json_put_bool(w, "sealed", !r->core->unsealed);
	json_put_bool(w, "standby", false);
	json_put_bool(w, "performance_standby", false);
	json_put_string(w, "replication_performance_mode", "disabled");
	json_put_string(w, "replication_dr_mode", "disabled");
	json_put_i64(w, "server_time_utc", request_seconds(r));
	json_put_string(w, "version", SERVER_VERSION);
	if (r->core->unsealed) {
		json_put_string(w, "cluster_name", r->core->cluster_name);
		json_put_string(w, "cluster_id", r->core->cluster_id);
	}
	return health_code(r, initialized == 1);
}

static const struct route routes[] = {
	{ "health", ROUTE_OPEN | ROUTE_BARE | ROUTE_SEALED | ROUTE_UNAUDITED, .read = health, .fields = health_fields,
	  .text = "whether the server is initialised, unsealed and serving" },
};
const struct route_table sys_health_tables[] = { ROUTES(routes), { NULL } };
