#include "cli/cli.h"

#include <getopt.h>
#include <stdio.h>

int cli_report(const struct build_result *r)
{
	char mrenclave[65], mrsigner[65];

	hex_encode(r->mrenclave, 32, mrenclave);
	hex_encode(r->mrsigner, 32, mrsigner);
	(void)printf("mrenclave %s\nmrsigner  %s%s\n", mrenclave, mrsigner, r->development ? " (development key)" : "");
	return cli_finish();
}

int verb_sign(int argc, char **argv)
{
	static const struct option options[] = {
		{ "key", required_argument, NULL, 'k' }, { "passphrase-file", required_argument, NULL, 'p' }, { 0 },
	};
	const char *key = NULL, *passphrase_file = NULL;
	struct passphrase passphrase;
	struct build_result result;
	struct fail f;
	int o;

	while ((o = getopt_long(argc, argv, ":", options, NULL)) >= 0) {
		if (o == 'k')
			key = optarg;
		else if (o == 'p')
			passphrase_file = optarg;
		else
			return cli_bad_option("sign", o, argv);
	}
	if (argc - optind != 1)
		return cli_usage("sign", "sign: expected one image");
	cli_passphrase(&passphrase, passphrase_file);
	if (build_sign(argv[optind], key, &passphrase, &result, &f))
		return cli_fail("%s", f.text);
	return cli_report(&result);
}
