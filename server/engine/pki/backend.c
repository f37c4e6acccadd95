/* The PKI engine as the core sees it. */
#include <stdlib.h>
#include <string.h>

#include "server/core/backends.h"
#include "server/engine/pki/crl.h"

static int pki_open(struct request *r, struct mount *m)
{
	struct pki *pki = calloc(1, sizeof(*pki));

	(void)r;
	if (!pki)
		abort();
	pthread_mutex_init(&pki->lock, NULL);
	pki->book = pki_book_make();
	pki->tidy = pki_tidy_make();
	m->state = pki;
	return 200;
}

static void pki_close(struct mount *m)
{
	struct pki *pki = m->state;

	m->state = NULL;
	if (!pki)
		return;
	pki_tidy_free(pki->tidy);
	pki_forget(pki);
	pki_roles_forget(pki);
	pki_book_free(pki->book);
	pthread_mutex_destroy(&pki->lock);
	free(pki);
}

static const struct route_table tables[] = {
	{ .also = pki_role_routes },
	{ .also = pki_issue_routes },
	{ .also = pki_generate_routes },
	{ .also = pki_authority_routes },
	{ .also = pki_key_routes },
	{ .also = pki_config_routes },
	{ .also = pki_fetch_routes },
	{ .also = pki_revoke_routes },
	{ .also = pki_crl_routes },
	{ .also = pki_ocsp_routes },
	{ .also = pki_tidy_routes },
	{ .also = pki_issuer_routes },
	{ .routes = NULL },
};

const struct backend pki_backend = {
	.type = "pki", .class = MOUNT_SECRET, .tables = tables, .open = pki_open, .close = pki_close,
	.revoke = pki_lease_revoke, .tick = pki_tidy_tick,
};
