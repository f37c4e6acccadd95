/* Finding the program that an operand names, as a shell does. */
#ifndef ADYTON_CLI_SEARCH_H
#define ADYTON_CLI_SEARCH_H

#include "image/paths.h"

/* 0 with the path that a shell would execute in out; 126 or 127 with f set. */
must_check int search_program(const char *operand, char out[PATHS_MAX], struct fail *f);

#endif
