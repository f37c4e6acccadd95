/* The tables that make up sys/, one row here for each file. */
#ifndef ADYTON_SERVER_SYS_SYS_H
#define ADYTON_SERVER_SYS_SYS_H

#include "server/core/backend.h"

extern const struct route_table sys_mounts_tables[], sys_remount_tables[], sys_ui_mounts_tables[], sys_health_tables[];
extern const struct route_table sys_policies_tables[], sys_password_policies_tables[], sys_capabilities_tables[],
	sys_leases_tables[];
extern const struct route_table sys_locked_users_tables[]; /* server/auth/ */
/* Of the doors and of what the server says of itself. */
extern const struct route_table sys_tools_tables[], sys_cors_tables[], sys_quotas_tables[], sys_watch_tables[],
	sys_loggers_tables[], sys_info_tables[], sys_plugins_tables[], sys_openapi_tables[];
void version_note(struct request *r); /* info.c, at unseal */

#endif
