#include "client/client.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_NO_VERB 127

#define MOUNT_FLAGS \
	"description path default-lease-ttl max-lease-ttl audit-non-hmac-request-keys* " \
	"audit-non-hmac-response-keys* listing-visibility passthrough-request-headers* allowed-response-headers* " \
	"token-type plugin-name plugin-version options% version local! seal-wrap! external-entropy-access! "

static const struct verb verbs[] = {
#define V(name, run, flags, least, most, operands, summary) { name, run, flags, least, most, operands, summary },
#include "client/verbs.def"
#undef V
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

/* How many arguments spell out this name. */
static int verb_spelled(const char *name, int argc, char **argv)
{
	int words = 0;

	while (*name) {
		size_t n = strcspn(name, " ");

		if (words >= argc || strlen(argv[words]) != n || memcmp(argv[words], name, n))
			return 0;
		words++;
		name += n + (name[n] == ' ');
	}
	return words;
}

static const struct verb *verb_find(int argc, char **argv, int *words)
{
	for (size_t i = 0; i < VERBS; i++) {
		*words = verb_spelled(verbs[i].name, argc, argv);
		if (*words)
			return &verbs[i];
	}
	return NULL;
}

static int verbs_show(const char *called, const char *group)
{
	size_t n = strlen(group), shown = 0;

	for (size_t i = 0; i < VERBS; i++) {
		if (strncmp(verbs[i].name, group, n) || (n && verbs[i].name[n] != ' '))
			continue;
		if (!shown++)
			(void)printf("Usage: %s %s%s<command> [options] [arguments]\n\n", called, group, n ? " " : "");
		(void)printf("  %-24s %s\n", verbs[i].name, verbs[i].summary);
	}
	return shown ? 1 : complain(EXIT_NO_VERB, "%s: there is no command %s", called, group);
}

static int verb_run(struct client *c, int argc, char **argv)
{
	int status = flags_read(c, argc, argv);

	if (status)
		return status;
	if (flag_true(c, "help") || flag_true(c, "h")) {
		flags_help(c->verb, c->called);
		return 0;
	}
	status = environment_take(c);
	return status ? status : c->verb->run(c);
}

static int client_main(const char *called, int argc, char **argv)
{
	struct client c = { .called = called };
	const char *group = argc ? argv[0] : "";
	int words;

	if (argc && (strcmp(group, "-version") == 0 || strcmp(group, "--version") == 0 || strcmp(group, "-v") == 0))
		return version_run(&c);
	if (argc && strcmp(group, "server") == 0)
		return server_become(argc, argv);
	if (!argc || strcmp(group, "-h") == 0 || strcmp(group, "-help") == 0 || strcmp(group, "--help") == 0)
		return argc ? verbs_show(called, "") & 0 : verbs_show(called, "");
	c.verb = verb_find(argc, argv, &words);
	if (c.verb)
		return verb_run(&c, argc - words, argv + words);
	if (argc > 1 && strcmp(group, "kv") == 0 && strcmp(argv[1], "metadata") == 0)
		group = "kv metadata";
	return verbs_show(called, group);
}

int main(int argc, char **argv)
{
	const char *called = argc && strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : "adyton";
	int status;

	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return complain(2, "libcurl cannot start");
	status = client_main(strcmp(called, "vault") ? "adyton" : called, argc ? argc - 1 : 0, argv + 1);
	curl_global_cleanup();
	keep_end();
	if ((fflush(stdout) || ferror(stdout)) && !status)
		status = complain(2, "cannot write the output");
	return status;
}
