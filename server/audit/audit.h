/*
 * The audit log: one JSON object a line, as Vault writes it, to each device (file, syslog, socket), string values as
 * HMACs under the device's salt. The request's record is durable before the effect and the answer's before the answer,
 * on at least one device; a device that hangs has its own thread and a bounded queue, and holds up nothing while
 * another works. When none works, requests are refused.
 */
#ifndef ADYTON_SERVER_AUDIT_AUDIT_H
#define ADYTON_SERVER_AUDIT_AUDIT_H

#include "server/core/backend.h"

int audit_open(struct core *core, struct request *r); /* at unseal */
void audit_close(struct core *core);
void audit_reload(struct core *core); /* SIGHUP: files are opened anew */

/* False: no device took it. Nothing to do and true where there are no devices. */
bool audit_request(struct request *r, const struct names *granting, bool allowed, const char *error);
bool audit_answer(struct request *r, const char *error);

extern const struct route_table audit_tables[]; /* sys/audit, sys/audit-hash, sys/config/auditing/... */

#endif
