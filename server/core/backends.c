#include <string.h>

#include "server/core/backends.h"
#include "server/auth/attest.h"
#include "server/auth/auth.h"
#include "server/identity/identity.h"
#include "server/token/token.h"

const struct backend *const backends[] = {
	&sys_backend,
	&token_backend,
	&identity_backend,
	&cubbyhole_backend,
	&kv_v1_backend,
	&kv_v2_backend,
	&transit_backend,
	&totp_backend,
	&pki_backend,
	&userpass_backend,
	&approle_backend,
	&cert_backend,
	&attest_backend,
	&jwt_backend,
	&oidc_backend,
	NULL,
};

/* "kv" is two engines: the option says which. */
const struct backend *backend_find(const char *type, enum mount_class class, const char *version)
{
	if (class == MOUNT_SECRET && !strcmp(type, "generic"))
		type = "kv";
	if (class == MOUNT_SECRET && !strcmp(type, "kv"))
		return version && !strcmp(version, "2") ? &kv_v2_backend : &kv_v1_backend;
	for (const struct backend *const *b = backends; *b; b++)
		if (!strcmp((*b)->type, type) && (*b)->class == class)
			return *b;
	return NULL;
}
