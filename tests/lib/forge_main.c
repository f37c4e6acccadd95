/*
 * forge KIND CHANGE FOLDER [DATA|machine]: write evidence of a kind (sgx-v3, tdx-v4 ...), changed in one way, as
 * quote.bin, collateral.json and root.pem, and say at which moment it holds. With report data (128 digits in hex) it is
 * of a machine below, under a root of its own; with the word machine there is one below. For tests in other languages.
 */
#include "base/bytes.h"
#include "image/io.h"
#include "platform/state.h"
#include "tests/lib/forge.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const kinds[FORGE_KINDS] = { "sgx-v3", "sgx-v4", "sgx-v5", "tdx-v4", "tdx-v5", "tdx-v5-1.5" };

static void change_nothing(struct forge_order *o)
{
	(void)o;
}

static void change_pck(struct forge_order *o)
{
	memset(o->pck.components, 4, sizeof(o->pck.components));
	memset(o->pck.cpu_svn, 4, sizeof(o->pck.cpu_svn));
}

static void change_unknown(struct forge_order *o)
{
	memset(o->pck.components, 1, sizeof(o->pck.components));
	memset(o->pck.cpu_svn, 1, sizeof(o->pck.cpu_svn));
}

static void change_qe(struct forge_order *o)
{
	o->qe.isv_svn = 6;
}

static void change_configuration(struct forge_order *o)
{
	o->levels.at[0].status = "ConfigurationNeeded";
}

static void change_revoked_level(struct forge_order *o)
{
	o->levels.at[0].status = "Revoked";
}

static void change_revoked_pck(struct forge_order *o)
{
	o->certificates[FORGE_PCK].revoked = true;
}

static void change_signature(struct forge_order *o)
{
	o->quote_signer = FORGE_OTHER;
}

static void change_qe_report(struct forge_order *o)
{
	o->wrong_report_data = true;
}

static void change_documents(struct forge_order *o)
{
	o->document_signer = FORGE_OTHER;
}

static void change_date(struct forge_order *o)
{
	o->tcb.next = o->now - 1;
}

static void change_family(struct forge_order *o)
{
	o->pck.fmspc[0] ^= 1;
}

static const struct {
	const char *name;
	void (*change)(struct forge_order *o);
} changes[] = {
	{ "none", change_nothing },          { "old-pck", change_pck },
	{ "unknown-pck", change_unknown },   { "old-qe", change_qe },
	{ "configuration", change_configuration }, { "revoked-level", change_revoked_level },
	{ "revoked-pck", change_revoked_pck }, { "signature", change_signature },
	{ "qe-report", change_qe_report },   { "documents", change_documents },
	{ "expired", change_date },          { "family", change_family },
};
#define CHANGES (int)(sizeof(changes) / sizeof(changes[0]))

static int write_quote(const struct forged *f, const char *folder)
{
	char path[4096];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/quote.bin", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || io_write(fd, f->quote, f->size))
		return -1;
	close(fd);
	return 0;
}

/* A TD's quote below, in the authentication data of the order's; its documents are machine.json and machine.pem. */
static int put_machine(struct forge_order *o, const char *folder)
{
	static uint8_t auth[FORGE_AUTH_MAX];
	struct forge_order below;
	struct forged f;
	struct fail fail;
	int error;

	forge_order(&below, FORGE_TDX_V4);
	below.machine = true;
	forge_machine_data(below.td.body.report_data);
	forge(&below, &f);
	o->auth = auth;
	o->auth_size = forge_machine_auth(auth, MACHINE_TDX_QUOTE, f.quote, f.size);
	error = state_put_file(folder, "machine.json", f.collateral, 0644, &fail) ||
		state_put_file(folder, "machine.pem", f.root, 0644, &fail);
	forged_free(&f);
	return error;
}

int main(int argc, char **argv)
{
	struct forge_order o;
	struct forged f;
	struct fail fail;
	int kind = 0, change = 0;

	if (argc != 4 && argc != 5)
		return 2;
	while (change < CHANGES && strcmp(changes[change].name, argv[2]))
		change++;
	while (kind < FORGE_KINDS && strcmp(kinds[kind], argv[1]))
		kind++;
	if (kind == FORGE_KINDS || change == CHANGES)
		return 2;
	forge_order(&o, (enum forge_kind)kind);
	if (argc == 5 && strcmp(argv[4], "machine") == 0) {
		if (put_machine(&o, argv[3]))
			return 1;
	} else if (argc == 5) {
		o.machine = true;
		if (!hex_decode(argv[4], strlen(argv[4]), o.td.body.report_data, sizeof(o.td.body.report_data)))
			return 2;
	}
	changes[change].change(&o);
	forge(&o, &f);
	if (write_quote(&f, argv[3]) || state_put_file(argv[3], "collateral.json", f.collateral, 0644, &fail) ||
	    state_put_file(argv[3], "root.pem", f.root, 0644, &fail))
		return 1;
	(void)printf("%lld\n", (long long)o.now);
	forged_free(&f);
	return 0;
}
