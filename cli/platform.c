#include "base/json_write.h"
#include "cli/cli.h"
#include "cli/probe.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

static const char *const processors[] = { "hw", "soft" };
static const char *const descriptions[] = { "Intel SGX", "the software SGX processor" };

static void platform_conditions(struct json_writer *w, const char *processor)
{
	json_array(w, "conditions");
	for (size_t i = 0; i < probe_count; i++) {
		if (strcmp(probes[i].processor, processor))
			continue;
		json_object(w, NULL);
		json_put_string(w, "name", probes[i].name);
		json_put_bool(w, "required", probes[i].required);
		json_put_bool(w, "met", probes[i].test());
		json_put_string(w, "need", probes[i].need);
		json_close(w);
	}
	json_close(w);
	json_array(w, "missing");
	for (size_t i = 0; i < probe_count; i++)
		if (strcmp(probes[i].processor, processor) == 0 && !probes[i].test())
			json_put_string(w, NULL, probes[i].name);
	json_close(w);
}

static char *platform_json(void)
{
	size_t size = 16 << 10;
	char *buffer = malloc(size);
	struct json_writer w;
	struct utsname os;

	if (!buffer || uname(&os)) {
		free(buffer);
		return NULL;
	}
	json_write_init(&w, buffer, size, true);
	json_object(&w, NULL);
	json_put_string(&w, "kernel", os.release);
	json_array(&w, "processors");
	for (size_t p = 0; p < 2; p++) {
		json_object(&w, NULL);
		json_put_string(&w, "name", processors[p]);
		json_put_bool(&w, "available", probe_available(processors[p]));
		platform_conditions(&w, processors[p]);
		json_close(&w);
	}
	json_close(&w);
	json_close(&w);
	if (json_write_end(&w) >= 0)
		return buffer;
	free(buffer);
	return NULL;
}

static int platform_text(void)
{
	for (size_t p = 0; p < 2; p++) {
		(void)printf("%s%s (%s): %s\n", p ? "\n" : "", processors[p], descriptions[p],
			     probe_available(processors[p]) ? "available" : "not available");
		for (size_t i = 0; i < probe_count; i++)
			if (strcmp(probes[i].processor, processors[p]) == 0)
				(void)printf("  %-8s %-24s %s\n",
					     probes[i].test()     ? "yes"
					     : probes[i].required ? "MISSING"
								  : "no",
					     probes[i].name, probes[i].need);
	}
	return cli_finish();
}

int verb_platform(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' }, { 0 } };
	bool json = false;
	char *text;
	int o;

	if (argc > 1 && strcmp(argv[1], "ca") == 0)
		return platform_ca(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "init") == 0)
		return platform_init(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "install") == 0)
		return platform_install(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "machine") == 0)
		return platform_machine(argc - 1, argv + 1);
	while ((o = getopt_long(argc, argv, ":", options, NULL)) >= 0) {
		if (o != 'j')
			return cli_bad_option("platform", o, argv);
		json = true;
	}
	if (argc != optind)
		return cli_usage("platform", "platform: expected no operand");
	if (!json)
		return platform_text();
	text = platform_json();
	return text ? cli_print(text) : cli_fail("platform: out of memory");
}
