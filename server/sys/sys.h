/* The tables that make up sys/, one row here for each file. */
#ifndef ADYTON_SERVER_SYS_SYS_H
#define ADYTON_SERVER_SYS_SYS_H

#include "server/core/backend.h"

extern const struct route_table sys_mounts_tables[], sys_remount_tables[], sys_ui_mounts_tables[], sys_health_tables[];
extern const struct route_table sys_policies_tables[], sys_password_policies_tables[], sys_capabilities_tables[],
	sys_leases_tables[];
extern const struct route_table sys_locked_users_tables[]; /* server/auth/ */

#endif
