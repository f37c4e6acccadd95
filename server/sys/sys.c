/* The system backend: its tables, in the order in which they are searched. */
#include "server/audit/audit.h"
#include "server/core/backends.h"
#include "server/seal/seal.h"
#include "server/sys/sys.h"
#include "server/sys/wrapping.h"

static const struct route_table tables[] = {
	{ .also = sys_health_tables },
	{ .also = seal_tables },
	{ .also = sys_remount_tables },
	{ .also = sys_ui_mounts_tables },
	{ .also = sys_wrapping_tables },
	{ .also = sys_policies_tables },
	{ .also = sys_capabilities_tables },
	{ .also = sys_leases_tables },
	{ .also = audit_tables },
	{ .also = sys_tools_tables },
	{ .also = sys_cors_tables },
	{ .also = sys_quotas_tables },
	{ .also = sys_watch_tables },
	{ .also = sys_loggers_tables },
	{ .also = sys_info_tables },
	{ .also = sys_plugins_tables },
	{ .also = sys_openapi_tables },
	{ .also = sys_locked_users_tables },
	{ .also = sys_mounts_tables },
	{ NULL },
};

const struct backend sys_backend = { .type = "system", .class = MOUNT_SECRET, .tables = tables, .once = true };
