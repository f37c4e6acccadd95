#include "cli/cli.h"

#include <getopt.h>

int verb_build(int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' }, { "sgxs", required_argument, NULL, 's' },
		{ "key", required_argument, NULL, 'k' }, { "passphrase-file", required_argument, NULL, 'p' }, { 0 },
	};
	struct passphrase passphrase;
	struct build b = { .passphrase = &passphrase };
	const char *passphrase_file = NULL;
	struct build_result result;
	struct fail f;
	int o;

	while ((o = getopt_long(argc, argv, ":o:", options, NULL)) >= 0) {
		switch (o) {
		case 'o':
			b.output = optarg;
			break;
		case 's':
			b.sgxs = optarg;
			break;
		case 'k':
			b.key = optarg;
			break;
		case 'p':
			passphrase_file = optarg;
			break;
		default:
			return cli_bad_option("build", o, argv);
		}
	}
	if (argc - optind != 1 || !b.output)
		return cli_usage("build", "build: expected one definition, and the image to write after -o");
	b.definition = argv[optind];
	cli_passphrase(&passphrase, passphrase_file);
	if (build_image(&b, &result, &f))
		return cli_fail("%s", f.text);
	return cli_report(&result);
}
