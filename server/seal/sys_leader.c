/* sys/leader, sys/ha-status, sys/step-down: of one server without standbys, which is the leader of itself. */
#include <unistd.h>

#include "server/seal/seal_state.h"

static int leader(struct request *r)
{
	struct json_writer *w = reply_data(r);

	json_put_bool(w, "ha_enabled", false);
	json_put_bool(w, "is_self", false);
	json_put_string(w, "active_time", "0001-01-01T00:00:00Z");
	json_put_string(w, "leader_address", "");
	json_put_string(w, "leader_cluster_address", "");
	json_put_bool(w, "performance_standby", false);
	json_put_u64(w, "performance_standby_last_remote_wal", 0);
	return 200;
}

static const char *config_text(const char *text)
{
	return text ? text : "";
}

static int ha_status(struct request *r)
{
	struct json_writer *w = reply_data(r);
	char host[256] = "";

	gethostname(host, sizeof(host) - 1);
	json_array(w, "nodes");
	json_object(w, NULL);
	json_put_string(w, "hostname", host);
	json_put_string(w, "api_address", config_text(r->core->config->api_addr));
	json_put_string(w, "cluster_address", config_text(r->core->config->cluster_addr));
	json_put_bool(w, "active_node", true);
	json_put_null(w, "last_echo");
	json_put_string(w, "version", SERVER_VERSION);
	json_close(w);
	json_close(w);
	return 200;
}

static int step_down(struct request *r)
{
	(void)r; /* as Vault without a standby: there is nobody to step down for */
	return 204;
}

static const struct route routes[] = {
	{ "leader", ROUTE_OPEN | ROUTE_BARE | ROUTE_SEALED | ROUTE_UNAUDITED, .read = leader,
	  .text = "who leads: nobody, as there are no standbys" },
	{ "ha-status", ROUTE_INJECT, .read = ha_status, .text = "the servers: this one" },
	{ "step-down", ROUTE_SUDO, .update = step_down, .text = "no standby could take over: does nothing" },
};
const struct route_table seal_leader_tables[] = { ROUTES(routes), { NULL } };
