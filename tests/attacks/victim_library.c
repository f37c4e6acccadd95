#include "tests/attacks/victim.h"

static uint8_t library_data[SECRET_SIZE] = { 1 };
static uint8_t library_bss[SECRET_SIZE];

void victim_library(void)
{
	victim_secret(library_data, LIBRARY_DATA);
	victim_secret(library_bss, LIBRARY_BSS);
	victim_say("library_data", library_data);
	victim_say("library_bss", library_bss);
}
