/* Between the parts of `adyton platform ca`: what the command line said. */
#ifndef ADYTON_CLI_PLATFORM_CA_H
#define ADYTON_CLI_PLATFORM_CA_H

#include "cli/cli.h"
#include "platform/ca.h"

struct ca_arguments {
	const char *dir, *name, *out, *passphrase_file, *operand, *serial;
	bool passphrase, json, recover, qe, remove, has_fmspc, has_svn, has_components;
	int64_t at;
	uint32_t days;
	int reason;
	uint8_t fmspc[6];
	struct tcb_level level;
};

/* The value of one option: false if it has another form; *expected says which. */
bool ca_argument(struct ca_arguments *a, int option, const char *value, const char **expected);

/* Print what the CA is: the exit status. */
int ca_show(struct ca *ca, bool json);
/* Change TCB levels as the command line says. */
must_check int ca_set_tcb(struct ca *ca, const struct ca_arguments *a, struct fail *f);

#endif
