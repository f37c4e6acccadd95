#include "cli/cli.h"

#include <getopt.h>
#include <openssl/crypto.h>
#include <stdio.h>

static int keygen(const char *output, const char *passphrase, struct fail *f)
{
	EVP_PKEY *key;
	int err;

	if (keys_generate(&key, f))
		return -1;
	err = keys_write(key, output, passphrase, f);
	EVP_PKEY_free(key);
	return err;
}

int verb_keygen(int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' }, { "passphrase", no_argument, NULL, 'a' },
		{ "passphrase-file", required_argument, NULL, 'p' }, { 0 },
	};
	const char *output = NULL, *file = NULL;
	char passphrase[256];
	bool encrypt = false;
	struct fail f;
	int o, err;

	while ((o = getopt_long(argc, argv, ":o:", options, NULL)) >= 0) {
		if (o == 'o')
			output = optarg;
		else if (o == 'a' || o == 'p')
			encrypt = true, file = o == 'p' ? optarg : file;
		else
			return cli_bad_option("keygen", o, argv);
	}
	if (argc != optind || !output)
		return cli_usage("keygen", "keygen: expected the key to write after -o, and nothing else");
	if (encrypt && cli_new_passphrase(file, passphrase, sizeof(passphrase), &f) < 0)
		return cli_fail("%s", f.text);
	err = keygen(output, encrypt ? passphrase : NULL, &f);
	OPENSSL_cleanse(passphrase, sizeof(passphrase));
	return err ? cli_fail("%s", f.text) : 0;
}
