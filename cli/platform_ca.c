/* `adyton platform ca COMMAND`: one table of commands, one of options, and which command takes which. */
#include "cli/platform_ca.h"
#include "image/cleanup.h"
#include "image/io.h"
#include "platform/bundle.h"
#include "platform/ec.h"

#include <getopt.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct option options[] = {
	{ "dir", required_argument, NULL, 'd' },
	{ "name", required_argument, NULL, 'n' },
	{ "at", required_argument, NULL, 'a' },
	{ "days", required_argument, NULL, 'y' },
	{ "output", required_argument, NULL, 'o' },
	{ "passphrase", no_argument, NULL, 'P' },
	{ "passphrase-file", required_argument, NULL, 'p' },
	{ "fmspc", required_argument, NULL, 'f' },
	{ "for", required_argument, NULL, 'F' },
	{ "qe", no_argument, NULL, 'q' },
	{ "cpu-svn", required_argument, NULL, 'c' },
	{ "svn", required_argument, NULL, 'v' },
	{ "status", required_argument, NULL, 's' },
	{ "date", required_argument, NULL, 'D' },
	{ "advisory", required_argument, NULL, 'A' },
	{ "recover", no_argument, NULL, 'R' },
	{ "remove", no_argument, NULL, 'x' },
	{ "reason", required_argument, NULL, 'r' },
	{ "json", no_argument, NULL, 'j' },
	{ 0 },
};

static int ca_put(const char *out, const char *name, const char *text, struct fail *f)
{
	return state_put_file(out, name, text, 0644, f);
}

static int ca_write_collateral(struct ca *ca, const struct ca_choice *c, const char *out, struct fail *f)
{
	_cleanup_free_ char *json = NULL;

	if (ca_collateral(ca, c, &json, f) || io_make_dirs(out, f))
		return -1;
	return ca_put(out, "collateral.json", json, f);
}

/* After a change: the new collateral, where the command line wants it. */
static int ca_give_out(struct ca *ca, const struct ca_arguments *a, struct fail *f)
{
	const struct ca_choice c = { a->has_fmspc ? a->fmspc : NULL, a->serial };

	return a->out ? ca_write_collateral(ca, &c, a->out, f) : 0;
}

static int command_init(struct ca *ca, const struct ca_arguments *a, struct fail *f)
{
	char passphrase[256];
	bool encrypt = a->passphrase || a->passphrase_file;
	int err;

	(void)ca;
	if (encrypt && cli_new_passphrase(a->passphrase_file, passphrase, sizeof(passphrase), f) < 0)
		return -1;
	err = ca_init(a->dir, a->name ? a->name : "Platform", a->at, a->days ? a->days : CA_DAYS,
		      encrypt ? passphrase : NULL, f);
	OPENSSL_cleanse(passphrase, sizeof(passphrase));
	return err;
}

static int ca_read_request(struct request *r, const char *path, struct fail *f)
{
	_cleanup_free_ uint8_t *text = NULL;
	struct text_error error;
	size_t size;

	if (io_read_file(path, 64 * KIB, &text, &size, f))
		return -1;
	if (request_read(r, (const char *)text, size, &error))
		return fail(f, "%s:%u:%u: %s", path, error.line, error.column, error.message);
	return 0;
}

static int ca_write_issue(struct ca *ca, X509 *pck, const char *serial, const char *out, struct fail *f)
{
	X509 *const chain[] = { pck, ca->pck.certificate, ca->root.certificate };
	const struct ca_choice c = { NULL, serial };
	_cleanup_free_ char *all = NULL, *root = NULL;

	if (bundle_chain(chain, 3, &all, f) || bundle_chain(chain + 2, 1, &root, f) || io_make_dirs(out, f))
		return -1;
	return ca_put(out, "pck-chain.pem", all, f) || ca_put(out, "root.pem", root, f) ||
	       ca_write_collateral(ca, &c, out, f);
}

static int command_issue(struct ca *ca, const struct ca_arguments *a, struct fail *f)
{
	char serial[CERTIFICATE_SERIAL_TEXT];
	struct request r;
	struct ca_issue i = { .request = &r, .at = a->at };
	int err;

	if (!a->out)
		return fail(f, "platform ca issue: expected -o and a folder for what is issued");
	if (ca_read_request(&r, a->operand, f) || ca_issue(ca, &i, f))
		return -1;
	certificate_serial(i.pck, serial);
	err = ca_write_issue(ca, i.pck, serial, a->out, f);
	X509_free(i.pck);
	if (!err)
		(void)printf("%s\n", serial);
	return err;
}

static int command_set_tcb(struct ca *ca, const struct ca_arguments *a, struct fail *f)
{
	return ca_set_tcb(ca, a, f) || ca_commit(ca, a->at, f) || ca_give_out(ca, a, f);
}

static int command_revoke(struct ca *ca, const struct ca_arguments *a, struct fail *f)
{
	int err;

	if (strcmp(a->operand, "ca") == 0)
		err = ca_revoke_member(ca, CA_PCK_CA, a->reason, a->at, f);
	else if (strcmp(a->operand, "tcb") == 0)
		err = ca_revoke_member(ca, CA_TCB_SIGNING, a->reason, a->at, f);
	else
		err = ca_revoke(ca, a->operand, a->reason, a->at, f);
	return err || ca_give_out(ca, a, f);
}

static int command_renew(struct ca *ca, const struct ca_arguments *a, struct fail *f)
{
	if (a->days)
		ca->s->days = a->days;
	return ca_renew(ca, a->at, f) || ca_give_out(ca, a, f);
}

static int command_show(struct ca *ca, const struct ca_arguments *a, struct fail *f)
{
	(void)f;
	return ca_show(ca, a->json);
}

static const struct ca_command {
	const char *name, *takes; /* letters of options */
	const char *operand;      /* what it is; NULL: none */
	int (*run)(struct ca *ca, const struct ca_arguments *a, struct fail *f);
} commands[] = {
	{ "init", "dnaypP", NULL, command_init },
	{ "issue", "daop", "the request file", command_issue },
	{ "set-tcb", "daopfFqcvsDARx", NULL, command_set_tcb },
	{ "revoke", "daopfFr", "a serial number, or ca, or tcb", command_revoke },
	{ "renew", "daopfFy", NULL, command_renew },
	{ "show", "dpj", NULL, command_show },
};

static const struct ca_command *ca_command_find(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int ca_run(const struct ca_command *c, struct ca_arguments *a)
{
	struct passphrase p;
	struct fail f;
	struct ca ca;
	int err;

	if (c->run == command_init)
		return command_init(NULL, a, &f) ? cli_fail("%s", f.text) : 0;
	cli_passphrase(&p, a->passphrase_file);
	err = ca_open(&ca, a->dir, &p, &f) || c->run(&ca, a, &f);
	ca_close(&ca);
	return err ? cli_fail("%s", f.text) : cli_finish();
}

int platform_ca(int argc, char **argv)
{
	const struct ca_command *c = ca_command_find(argc > 1 ? argv[1] : "");
	struct ca_arguments a = { .at = (int64_t)time(NULL), .level.date = -1 };
	const char *expected;
	int o;

	if (!c)
		return cli_usage("platform", "platform ca: expected init, issue, set-tcb, revoke, renew or show");
	argc--, argv++;
	while ((o = getopt_long(argc, argv, ":o:", options, NULL)) >= 0) {
		if (o == '?' || o == ':')
			return cli_bad_option("platform", o, argv);
		if (!strchr(c->takes, o))
			return cli_usage("platform", "platform ca %s: it has no such option as %s", c->name,
					 argv[optind - 1]);
		if (!ca_argument(&a, o, optarg, &expected))
			return cli_usage("platform", "platform ca %s: expected %s, found %s", c->name, expected,
					 optarg);
	}
	if (!a.dir)
		return cli_usage("platform", "platform ca %s: expected --dir and the CA's folder", c->name);
	if (argc - optind != (c->operand ? 1 : 0))
		return cli_usage("platform", "platform ca %s: expected %s", c->name,
				 c->operand ? c->operand : "no operand");
	a.operand = argv[optind];
	return ca_run(c, &a);
}
