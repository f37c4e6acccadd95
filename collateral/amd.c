#include "collateral/amd.h"
#include "attest/snp.h"
#include "base/json_write.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AMD_PARTS_MAX (1UL << 20)

struct amd_get {
	const char *url;
	const struct subject *who;
	const struct fetch *fetch;
	struct json_writer w;
	struct fail *f;
};

static int amd_fetch(struct amd_get *g, const char *path, struct fetch_answer *a, struct fail *f)
{
	char url[1024];

	if ((size_t)snprintf(url, sizeof(url), "%s/vcek/v1/%s/%s", g->url ? g->url : AMD_URL, g->who->product, path) >=
	    sizeof(url))
		return fail(f, "the source's address is too long");
	return fetch_get(g->fetch, url, g->url ? 0 : AMD_APART, a, f);
}

/* Turin's chip ids have 8 bytes, and its TCB a fifth component. */
static void amd_vcek_path(const struct subject *who, char *path, size_t size)
{
	enum attest_snp_product product =
		snp_product_of_name((struct attest_bytes){ (const uint8_t *)who->product, strlen(who->product) });
	struct attest_snp_tcb t = snp_tcb_of(product, who->tcb);
	bool turin = product == ATTEST_TURIN;
	char chip[129];

	hex_encode(who->chip_id, turin ? SNP_CHIP_SIZE_TURIN : sizeof(who->chip_id), chip);
	(void)snprintf(path, size, "%s?blSPL=%02u&teeSPL=%02u&snpSPL=%02u&ucodeSPL=%02u", chip, t.bootloader, t.tee,
		       t.snp, t.microcode);
	if (turin)
		(void)snprintf(path + strlen(path), size - strlen(path), "&fmcSPL=%02u", t.fmc);
}

static int amd_put_vcek(struct amd_get *g)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct fetch_answer a;
	const uint8_t *at;
	char path[256], *pem = NULL;
	long size = 0;
	X509 *x;

	amd_vcek_path(g->who, path, sizeof(path));
	if (amd_fetch(g, path, &a, g->f)) {
		BIO_free(bio);
		return -1;
	}
	at = (const uint8_t *)a.body;
	x = d2i_X509(NULL, &at, (long)a.size);
	if (bio && x && PEM_write_bio_X509(bio, x))
		size = BIO_get_mem_data(bio, &pem);
	if (size > 0)
		json_put_bytes(&g->w, "vek", pem, (size_t)size);
	X509_free(x);
	BIO_free(bio);
	free(a.body);
	return size > 0 ? 0 : fail(g->f, "%s: the source's answer is no certificate", path);
}

static int amd_put_chain(struct amd_get *g)
{
	struct fetch_answer a;

	if (amd_fetch(g, "cert_chain", &a, g->f))
		return -1;
	json_put_bytes(&g->w, "vek_chain", a.body, a.size);
	free(a.body);
	return 0;
}

static void amd_put_crl(struct amd_get *g, struct fail *missing)
{
	struct fetch_answer a;

	missing->text[0] = '\0';
	if (amd_fetch(g, "crl", &a, missing))
		return;
	json_put_hex(&g->w, "ark_crl", (uint8_t *)a.body, a.size);
	free(a.body);
}

int amd_get(const char *url, const struct subject *who, const struct fetch *fetch, char **json,
	    struct fail *crl_missing, struct fail *f)
{
	char *buffer = malloc(AMD_PARTS_MAX);
	struct amd_get g = { .url = url, .who = who, .fetch = fetch, .f = f };

	*json = NULL;
	if (!buffer)
		return fail(f, "getting collateral: out of memory");
	json_write_init(&g.w, buffer, AMD_PARTS_MAX, true);
	json_object(&g.w, NULL);
	if (amd_put_vcek(&g) || amd_put_chain(&g)) {
		free(buffer);
		return -1;
	}
	amd_put_crl(&g, crl_missing);
	json_close(&g.w);
	if (json_write_end(&g.w) < 0) {
		free(buffer);
		return fail(f, "the source's documents are too large, or not UTF-8");
	}
	*json = buffer;
	return 0;
}
