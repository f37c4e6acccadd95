#include "image/inspect.h"
#include "cli/cli.h"

#include <getopt.h>

int verb_inspect(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' }, { "verify", no_argument, NULL, 'v' }, { 0 },
	};
	bool json = false, verify = false;
	struct inspection i;
	struct fail f;
	char *text;
	int o;

	while ((o = getopt_long(argc, argv, ":", options, NULL)) >= 0) {
		if (o == 'j')
			json = true;
		else if (o == 'v')
			verify = true;
		else
			return cli_bad_option("inspect", o, argv);
	}
	if (argc - optind != 1)
		return cli_usage("inspect", "inspect: expected one file");
	if (inspect_open(&i, argv[optind], verify, &f))
		return cli_fail("%s", f.text);
	text = json ? inspect_json(&i, &f) : inspect_text(&i, &f);
	inspect_close(&i);
	if (!text)
		return cli_fail("%s", f.text);
	o = cli_print(text);
	return !o && i.sigstruct_code ? cli_fail("%s: %s", argv[optind], i.sigstruct_why.text) : o;
}
