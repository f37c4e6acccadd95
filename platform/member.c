#include "platform/member.h"
#include "image/cleanup.h"
#include "platform/bundle.h"
#include "platform/ec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Years, as Intel gives them. A certificate does not outlive its issuer. */
static const int years[] = { [CERTIFICATE_ROOT] = 25, [CERTIFICATE_PCK_CA] = 15, [CERTIFICATE_TCB_SIGNING] = 7 };

void member_organization(const char *name, char *to, size_t size)
{
	(void)snprintf(to, size, "%s (software platforms, not Intel)", name);
}

static int64_t member_until(const struct member_order *o)
{
	int64_t until = o->at + years[o->kind] * 365LL * STAMP_DAY, end;

	if (!o->root)
		return until;
	end = certificate_until(o->root->certificate);
	return until < end ? until : end;
}

static int member_write(const struct ca_signer *s, const struct member_order *o, struct fail *f)
{
	_cleanup_free_ char *pem = NULL;
	char path[PATHS_MAX + 32], file[40];

	/* One that a crash left behind: no state names it. */
	(void)snprintf(path, sizeof(path), "%s/%s.key", o->dir, o->file);
	if (unlink(path) && errno != ENOENT)
		return fail(f, "cannot write the key %s: %s", path, strerror(errno));
	if (keys_write(s->key, path, o->passphrase, f) || bundle_chain(&s->certificate, 1, &pem, f))
		return -1;
	(void)snprintf(file, sizeof(file), "%s.pem", o->file);
	return state_put_file(o->dir, file, pem, 0600, f);
}

int member_make(struct ca_signer *to, const struct member_order *o, struct fail *f)
{
	char organization[2 * STATE_NAME_MAX + 64], common_name[STATE_NAME_MAX + 64];
	struct certificate_order order = { .kind = o->kind, .organization = organization, .from = o->at,
					   .until = member_until(o) };

	member_organization(o->name, organization, sizeof(organization));
	(void)snprintf(common_name, sizeof(common_name), "Adyton %s SGX Root CA", o->name);
	*to = (struct ca_signer){ 0 };
	if (ec_generate(&to->key, f))
		return -1;
	order.key = to->key;
	order.issuer = o->root ? o->root->certificate : NULL;
	order.issuer_key = o->root ? o->root->key : to->key;
	order.common_name = o->root ? NULL : common_name;
	if (!certificate_make(&to->certificate, &order, f) && !member_write(to, o, f))
		return 0;
	EVP_PKEY_free(to->key);
	X509_free(to->certificate);
	*to = (struct ca_signer){ 0 };
	return -1;
}
