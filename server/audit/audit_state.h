/* What audit.c shares with the endpoints. */
#ifndef ADYTON_SERVER_AUDIT_AUDIT_STATE_H
#define ADYTON_SERVER_AUDIT_AUDIT_STATE_H

#include "server/audit/device.h"

extern const struct view audit_view, audit_header_view;

const char *audit_key(struct request *r, const char *path); /* of a device's entry */
struct device *audit_find(const struct audit *a, const char *path);
/* Made of its entry; neither configured nor started. */
struct device *audit_device(struct request *r, const char *path, const struct json *row);
void audit_headers_load(struct request *r); /* anew, from the store */

#endif
