#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "base/mem.h"
#include "server/core/cluster.h"

static const struct view view = { "core/" };

struct cluster_key {
	EVP_PKEY *key;
};

static void names_load(struct request *r)
{
	const struct json *row = entry_read(r, &view, "cluster");
	const char *id = row ? pool_json_member(&r->pool, row, "id") : NULL;
	const char *name = row ? pool_json_member(&r->pool, row, "name") : NULL;
	struct core *core = r->core;

	if (!id || !name) {
		struct json_writer *w = entry_write(r);

		id = pool_uuid(&r->pool);
		name = pool_printf(&r->pool, "adyton-cluster-%.8s", pool_uuid(&r->pool));
		json_put_string(w, "id", id);
		json_put_string(w, "name", name);
		entry_written(r, &view, "cluster", w);
	}
	if (core->config->cluster_name)
		name = core->config->cluster_name;
	snprintf(core->cluster_id, sizeof(core->cluster_id), "%s", id);
	snprintf(core->cluster_name, sizeof(core->cluster_name), "%s", name);
}

static EVP_PKEY *key_make(struct request *r)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	PKCS8_PRIV_KEY_INFO *p8 = key ? EVP_PKEY2PKCS8(key) : NULL;
	uint8_t *der = NULL;
	int size = p8 ? i2d_PKCS8_PRIV_KEY_INFO(p8, &der) : -1;

	PKCS8_PRIV_KEY_INFO_free(p8);
	if (size <= 0) {
		EVP_PKEY_free(key);
		return NULL;
	}
	entry_put(r, &view, "cluster-key", der, (size_t)size);
	OPENSSL_clear_free(der, (size_t)size);
	return key;
}

static EVP_PKEY *key_load(struct request *r)
{
	PKCS8_PRIV_KEY_INFO *p8;
	struct blob der;
	EVP_PKEY *key;

	if (!entry_get(r, &view, "cluster-key", &der))
		return r->failed ? NULL : key_make(r);
	p8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &der.at, (long)der.size);
	key = p8 ? EVP_PKCS82PKEY(p8) : NULL;
	PKCS8_PRIV_KEY_INFO_free(p8);
	return key;
}

int cluster_open(struct core *core, struct request *r)
{
	struct cluster_key *k = calloc(1, sizeof(*k));
	uint8_t *spki = NULL;
	int size;

	if (!k)
		abort();
	core->cluster_key = k;
	names_load(r);
	k->key = key_load(r);
	if (!k->key)
		return r->failed ? r->failed : -EBADMSG;
	size = i2d_PUBKEY(k->key, &spki);
	if (size <= 0 || !EVP_Q_digest(NULL, "SHA256", NULL, spki, (size_t)size, core->cluster_key_hash, NULL)) {
		OPENSSL_free(spki);
		return -EBADMSG;
	}
	OPENSSL_free(spki);
	return 0;
}

void cluster_close(struct core *core)
{
	if (core->cluster_key)
		EVP_PKEY_free(core->cluster_key->key);
	free(core->cluster_key);
	core->cluster_key = NULL;
}

EVP_PKEY *cluster_key(const struct core *core)
{
	return core->cluster_key ? core->cluster_key->key : NULL;
}
