/* The smallest thing that a dynamic linker can start; with an argument it sleeps, to be looked at. */
#include <unistd.h>

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		(void)pause();
	return 0;
}
