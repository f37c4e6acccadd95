#include "client/client.h"

#include <string.h>

#define VAULT_VERSION "1.15.0" /* whose interface the server serves */

int path_help_run(struct client *c)
{
	struct answer a;

	if (ask(c, "GET", keep_format("%s?help=1", ask_path(path_clean(c->operands[0]))), NULL, &a))
		return output_error(&a, "retrieving help");
	if (output_is_table(c))
		(void)puts(value_text(json_member(a.json, "help")));
	else
		output_json(c, json_member(a.json, "openapi") ? json_member(a.json, "openapi") : a.json);
	return 0;
}

/* What tools that call `vault -version` parse: "Vault v1.2.3". */
int version_run(struct client *c)
{
	if (strcmp(c->called, "vault") == 0)
		(void)printf("Vault v%s (Adyton %s)\n", VAULT_VERSION, ADYTON_VERSION);
	else
		(void)printf("Adyton %s, serving the interface of Vault v%s\n", ADYTON_VERSION, VAULT_VERSION);
	return 0;
}
