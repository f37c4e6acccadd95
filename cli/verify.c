/* Is this evidence genuine, and does it meet a policy? Exit status: 0 accepted, 1 not accepted, 2 not genuine. */
#include "cli/verify.h"
#include "base/bytes.h"
#include "image/cleanup.h"
#include "image/io.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define EXIT_USAGE 64
#define DOCUMENT_MAX (1 << 20)

struct options {
	const char *evidence, *collateral, *machine_collateral, *policy, *root, *machine_root, *vek, *chain;
	bool json;
	uint8_t report_data[64];
	struct attest_request request;
};

struct held { /* what the request points to */
	uint8_t *evidence, *vek, *chain, *machine;
	struct attest_bytes machine_collateral;
	struct attest *attest;
	struct attest_policy *policy;
};

static void held_free(struct held *h)
{
	free(h->evidence);
	free(h->vek);
	free(h->chain);
	free(h->machine);
	attest_policy_free(h->policy);
	attest_free(h->attest);
}

static int usage(struct fail *f)
{
	(void)cli_usage("verify", "%s", f->text);
	return EXIT_USAGE;
}

/* YYYY-MM-DDTHH:MM:SSZ and nothing else. */
static int option_at(const char *text, struct options *o, struct fail *f)
{
	struct tm tm = { 0 };
	char again[32];
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);

	if (end && !*end) {
		o->request.now = timegm(&tm);
		if (strftime(again, sizeof(again), "%Y-%m-%dT%H:%M:%SZ", &tm) && strcmp(again, text) == 0)
			return 0;
	}
	return fail(f, "verify: expected a moment such as 2025-08-30T02:34:09Z, found \"%s\"", text);
}

static int option_report_data(const char *text, struct options *o, struct fail *f)
{
	size_t size = strlen(text) / 2;

	if (!size || size > sizeof(o->report_data) || !hex_decode(text, strlen(text), o->report_data, size))
		return fail(f, "verify: expected 2 to 128 hexadecimal digits of report data, found \"%s\"", text);
	o->request.report_data = (struct attest_bytes){ o->report_data, size };
	return 0;
}

static int options_read(int argc, char **argv, struct options *o, struct fail *f)
{
	static const struct option options[] = {
		{ "collateral", required_argument, NULL, 'c' }, { "at", required_argument, NULL, 'a' },
		{ "policy", required_argument, NULL, 'p' },	{ "root", required_argument, NULL, 'r' },
		{ "report-data", required_argument, NULL, 'd' }, { "vek", required_argument, NULL, 'v' },
		{ "chain", required_argument, NULL, 'h' },	{ "trailing-ok", no_argument, NULL, 't' },
		{ "json", no_argument, NULL, 'j' },		{ "machine-root", required_argument, NULL, 'R' },
		{ "machine-collateral", required_argument, NULL, 'C' }, { 0 },
	};
	int c, err = 0;

	while (!err && (c = getopt_long(argc, argv, ":", options, NULL)) >= 0) {
		switch (c) {
		case 'c': o->collateral = optarg; break;
		case 'a': err = option_at(optarg, o, f); break;
		case 'p': o->policy = optarg; break;
		case 'r': o->root = optarg; break;
		case 'd': err = option_report_data(optarg, o, f); break;
		case 'v': o->vek = optarg; break;
		case 'h': o->chain = optarg; break;
		case 't': o->request.trailing_ok = true; break;
		case 'j': o->json = true; break;
		case 'R': o->machine_root = optarg; break;
		case 'C': o->machine_collateral = optarg; break;
		default:
			(void)cli_bad_option("verify", c, argv);
			return EXIT_USAGE;
		}
	}
	if (!err && o->machine_collateral && !o->collateral)
		err = fail(f, "verify: expected --collateral with --machine-collateral: both layers need theirs");
	if (!err && argc - optind != 1)
		err = fail(f, "verify: expected one piece of evidence, a file or -");
	if (err)
		return usage(f);
	o->evidence = argv[optind];
	return 0;
}

/* One byte more than evidence may have is read, so that what is too large is refused as such. */
static int evidence_read(const char *path, uint8_t **to, struct attest_bytes *bytes, struct fail *f)
{
	_cleanup_close_ int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : dup(0);
	const size_t size = ATTEST_EVIDENCE_MAX + 1;
	size_t used = 0;
	ssize_t n = -1;

	*to = malloc(size);
	while (fd >= 0 && *to && used < size &&
	       ((n = read(fd, *to + used, size - used)) > 0 || (n < 0 && errno == EINTR)))
		used += n > 0 ? (size_t)n : 0;
	if (fd < 0 || !*to || n < 0)
		return fail(f, "verify: %s: %s", path, strerror(errno));
	*bytes = (struct attest_bytes){ *to, used };
	return 0;
}

static int document_read(const char *path, uint8_t **to, struct attest_bytes *bytes, struct fail *f)
{
	size_t size;

	if (!path)
		return 0;
	if (io_read_file(path, DOCUMENT_MAX, to, &size, f))
		return -1;
	*bytes = (struct attest_bytes){ *to, size };
	return 0;
}

typedef int trust_fn(struct attest *a, const void *pem, size_t size, struct attest_refusal *why);

static int root_read(struct attest *a, trust_fn *trust, const char *path, struct fail *f)
{
	_cleanup_free_ uint8_t *text = NULL;
	struct attest_bytes bytes;
	struct attest_refusal why = { 0 };

	if (!path)
		return 0;
	if (document_read(path, &text, &bytes, f))
		return -1;
	if (trust(a, bytes.at, bytes.size, &why))
		return fail(f, "%s: expected certificates or public keys in PEM to trust: %s", path, why.found);
	return 0;
}

static int policy_read(const char *path, struct attest_policy **to, struct fail *f)
{
	_cleanup_free_ uint8_t *text = NULL;
	struct attest_bytes bytes;
	struct attest_refusal why = { 0 };

	if (!path)
		return 0;
	if (document_read(path, &text, &bytes, f))
		return -1;
	if (attest_policy_parse(bytes.at, bytes.size, to, &why))
		return fail(f, "%s:%s", path, why.found);
	return 0;
}

static int inputs_read(struct options *o, struct held *h, struct fail *f)
{
	h->attest = attest_new();
	if (!h->attest)
		return fail(f, "verify: out of memory");
	if (root_read(h->attest, attest_trust, o->root, f) ||
	    root_read(h->attest, attest_trust_machine, o->machine_root, f) ||
	    document_read(o->machine_collateral, &h->machine, &h->machine_collateral, f) ||
	    policy_read(o->policy, &h->policy, f) ||
	    evidence_read(o->evidence, &h->evidence, &o->request.evidence, f) ||
	    document_read(o->vek, &h->vek, &o->request.vek, f) ||
	    document_read(o->chain, &h->chain, &o->request.chain, f))
		return -1;
	o->request.policy = h->policy;
	return 0;
}

static int verdict_print(const struct attest_verdict *v, bool json)
{
	size_t size = 128 << 10;
	char *text = malloc(size);
	long n = text ? (json ? attest_verdict_json : attest_verdict_text)(v, text, size) : -1;
	int err;

	if (n < 0) {
		free(text);
		return cli_fail("verify: the verdict does not fit into 128 KiB");
	}
	err = cli_print(text);
	return err ? err : v->accepted ? 0 : v->genuine ? 1 : 2;
}

static int verify(struct options *o, struct held *h, struct attest_verdict *v, struct fail *f)
{
	struct stat st;

	if (inputs_read(o, h, f))
		return -1;
	if (!o->collateral) {
		attest_verify(h->attest, &o->request, v);
		return 0;
	}
	if (stat(o->collateral, &st))
		return fail(f, "verify: %s: %s", o->collateral, strerror(errno));
	return S_ISDIR(st.st_mode) ? verify_with_folder(h->attest, &o->request, o->collateral, h->machine_collateral, v,
							f) :
				     verify_with_bundle(h->attest, &o->request, o->collateral, h->machine_collateral, v,
							f);
}

int verb_verify(int argc, char **argv)
{
	struct options o = { .request.now = time(NULL) };
	struct held h = { 0 };
	struct attest_verdict *v = calloc(1, sizeof(*v));
	struct fail f;
	int status = options_read(argc, argv, &o, &f);

	if (!status && !v)
		status = cli_fail("verify: out of memory");
	if (!status)
		status = verify(&o, &h, v, &f) ? usage(&f) : verdict_print(v, o.json);
	held_free(&h);
	free(v);
	return status;
}
