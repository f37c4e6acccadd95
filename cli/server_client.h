/* Verbs of the secrets server's command line: another program (client/) does them, since this one is static and libcurl
 * is not. */
#ifndef ADYTON_CLI_SERVER_CLIENT_H
#define ADYTON_CLI_SERVER_CLIENT_H

#include "abi/types.h"

bool server_client_has(const char *verb);
void server_client_help(void);
/* Becomes adyton-client with the whole command line; returns only when that fails. */
int server_client_run(char **argv);

#endif
