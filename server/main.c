/* adyton-server: reads its configuration, opens the store, listens, until it is told to end. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "server/audit/audit.h"
#include "server/http/http.h"
#include "server/seal/seal.h"
#include "server/sys/watch.h"

struct options {
	struct names configs;
	const char *root_token, *address, *log_level;
	bool dev, check;
};

static const char usage[] =
	"usage: adyton-server -config=FILE|FOLDER ...\n"
	"       adyton-server -dev [-dev-root-token-id=TOKEN] [-dev-listen-address=HOST:PORT]\n"
	"A secrets server with the API of HashiCorp Vault. The configuration is HCL or JSON, in Vault's form.\n"
	"  -config=PATH        a file, or a folder of *.hcl and *.json; may be given several times\n"
	"  -dev                everything in memory, initialised and unsealed: for trying out and for tests\n"
	"  -check              read the configuration, print the storage's type and path, and end\n"
	"  -log-level=LEVEL    instead of the configuration's\n"
	"Signals: SIGTERM and SIGINT end it after what runs; SIGHUP reads certificates and opens audit files anew.\n";

enum { CONFIG = 1, DEV, ROOT_TOKEN, ADDRESS, LOG_LEVEL, VERSION, HELP, IGNORED, CHECK };

static const struct option known[] = {
	{ "config", required_argument, NULL, CONFIG }, { "dev", no_argument, NULL, DEV },
	{ "dev-root-token-id", required_argument, NULL, ROOT_TOKEN },
	{ "dev-listen-address", required_argument, NULL, ADDRESS }, { "log-level", required_argument, NULL, LOG_LEVEL },
	{ "dev-no-store-token", no_argument, NULL, IGNORED }, { "version", no_argument, NULL, VERSION },
	{ "check", no_argument, NULL, CHECK }, { "help", no_argument, NULL, HELP }, { NULL, 0, NULL, 0 },
};

static int fail(const char *step, const char *reason)
{
	fprintf(stderr, "adyton-server: %s: %s\n", step, reason);
	return 1;
}

/* -1: go on; else the exit status. */
static int options_read(struct options *o, struct pool *pool, int argc, char **argv)
{
	int option;

	o->root_token = getenv("VAULT_DEV_ROOT_TOKEN_ID");
	o->address = getenv("VAULT_DEV_LISTEN_ADDRESS");
	while ((option = getopt_long_only(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case CONFIG: names_add(pool, &o->configs, optarg); break;
		case DEV: o->dev = true; break;
		case ROOT_TOKEN: o->root_token = optarg; break;
		case ADDRESS: o->address = optarg; break;
		case LOG_LEVEL: o->log_level = optarg; break;
		case CHECK: o->check = true; break;
		case IGNORED: break;
		case VERSION: return puts("adyton-server " ADYTON_VERSION) < 0;
		case HELP: return fputs(usage, stdout) < 0;
		default: return fputs(usage, stderr) < 0 ? 1 : 64;
		}
	}
	if (optind < argc || (!o->configs.count && !o->dev)) {
		fputs(usage, stderr);
		return 64;
	}
	return -1;
}

static bool config_make(struct config *c, const struct options *o)
{
	char error[512];

	for (size_t i = 0; i < o->configs.count; i++)
		if (config_load(c, o->configs.at[i], error, sizeof(error)))
			return fail("configuration", error), false;
	if (o->dev)
		config_dev(c, o->root_token, o->address);
	if (o->log_level)
		c->log_level = o->log_level;
	if (!log_configure(c->log_level))
		return fail("configuration: log_level is none of trace, debug, info, warn and error", c->log_level),
		       false;
	for (size_t i = 0; i < c->warnings.count; i++)
		fprintf(stderr, "adyton-server: configuration: %s\n", c->warnings.at[i]);
	return true;
}

/* "file" is a folder, as people have it in their configurations; what is in it is one database. */
static struct store *store_open(const struct config *c, char *error, size_t size)
{
	char path[4096];

	if (!strcmp(c->storage_type, "inmem"))
		return store_memory();
	if (!strcmp(c->storage_type, "sqlite"))
		return store_sqlite(c->storage_path, error, size);
	if (mkdir(c->storage_path, 0700) && errno != EEXIST) {
		snprintf(error, size, "%s: %s", c->storage_path, strerror(errno));
		return NULL;
	}
	if (snprintf(path, sizeof(path), "%s/adyton.db", c->storage_path) >= (int)sizeof(path)) {
		snprintf(error, size, "the path is too long");
		return NULL;
	}
	return store_sqlite(path, error, size);
}

/* Secrets must not reach swap or a core file. Without the right to lock all, it runs all the same, and says so. */
static void memory_guard(const struct config *c)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	if (!c->disable_mlock && !c->dev && mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
		fprintf(stderr,
			"adyton-server: memory is not locked (%s), so secrets may reach swap\n",
			strerror(errno));
}

static void tell(const struct config *c, uint16_t port)
{
	unsigned int count = 0;

	printf("==> Adyton server configuration:\n\n");
	if (c->api_addr)
		printf("             Api Address: %s\n", c->api_addr);
	for (const struct listener *l = c->listeners; l; l = l->next)
		printf("              Listener %u: %s (addr: \"%s\", tls: \"%s\")\n", ++count,
		       strncmp(l->address, "unix:", 5) ? "tcp" : "unix", l->address,
		       l->tls_disable ? "disabled" : "enabled");
	printf("                    Port: %u\n", port);
	printf("                    Seal: %s\n", c->seal_type);
	printf("                 Storage: %s\n", c->storage_type);
	printf("                 Version: Adyton v%s\n\n", ADYTON_VERSION);
	printf("==> Adyton server started!\n\n");
}

static void tell_dev(uint16_t port, const char *unseal_key, const char *root_token)
{
	printf("Development mode: all is in memory, lost at the end, and sent without TLS.\n\n"
	       "    $ export VAULT_ADDR='http://127.0.0.1:%u'\n\n"
	       "Unseal Key: %s\nRoot Token: %s\n\n",
	       port, unseal_key, root_token);
}

static bool core_open(struct core *core, const struct config *c, struct pool *pool, const char **key,
		      const char **token)
{
	char error[512] = "failed";
	int err = c->dev ? seal_dev(core, pool, key, token, error, sizeof(error))
			 : seal_auto_unseal(core, error, sizeof(error));

	return err ? fail("unseal", error), false : true;
}

/* All threads are started with these blocked: they arrive here and nowhere else. */
static void signals_block(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file at its limit is an error of write(), as a full disk is */
}

static void wait_for_the_end(struct core *core, struct http *http, const sigset_t *set)
{
	int got;

	while (!sigwait(set, &got)) {
		if (got != SIGHUP)
			break;
		http_reload(http);
		audit_reload(core);
		fprintf(stderr, "adyton-server: reloaded\n");
	}
	fprintf(stderr, "adyton-server: ending\n");
}

/* From an open core to its end. */
static int listen_and_wait(struct core *core, const struct config *c, const sigset_t *set)
{
	_cleanup_pool_ struct pool pool = { .last = NULL };
	const char *key = "", *token = "";
	char error[512] = "failed";
	struct http *http;

	if (!core_open(core, c, &pool, &key, &token))
		return 1;
	http = http_start(core, error, sizeof(error));
	if (!http)
		return fail("listen", error);
	tell(c, http_port(http));
	if (c->dev)
		tell_dev(http_port(http), key, token);
	fflush(stdout);
	wait_for_the_end(core, http, set);
	http_stop(http);
	return 0;
}

static int serve(const struct config *c, const sigset_t *set)
{
	char error[512] = "failed";
	struct store *store = store_open(c, error, sizeof(error));
	struct core *core = store ? core_make(c, store, error, sizeof(error)) : NULL;
	int status;

	if (!store)
		return fail("storage", error);
	status = core ? listen_and_wait(core, c, set) : fail("start", error);
	if (core)
		core_free(core);
	store->close(store);
	return status;
}

int main(int argc, char **argv)
{
	struct config config = { .listeners = NULL };
	struct options options = { .dev = false };
	sigset_t set;
	int status;

	pool_init(&config.pool);
	status = options_read(&options, &config.pool, argc, argv);
	if (status >= 0)
		return status;
	signals_block(&set);
	if (!config_make(&config, &options)) {
		config_free(&config);
		return 1;
	}
	if (options.check) {
		printf("%s %s\n", config.storage_type, config.storage_path ? config.storage_path : "");
		config_free(&config);
		return 0;
	}
	memory_guard(&config);
	status = serve(&config, &set);
	config_free(&config);
	return status;
}
