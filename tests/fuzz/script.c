/* The first line of a script: its words lie in the line, and end. */
#include "tests/fuzz/kernel.h"

#include <string.h>

#include "kernel/exec/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char line[SCRIPT_LINE], *interpreter = NULL, *argument = NULL;

	memset(line, 'x', sizeof(line));
	if (script_line(fuzz_file(data, size), line, &interpreter, &argument))
		return 0;
	fuzz_check(interpreter > line && interpreter < line + sizeof(line), "the interpreter lies in the line");
	fuzz_check(memchr(interpreter, 0, (size_t)(line + sizeof(line) - interpreter)), "the interpreter ends");
	fuzz_check(*interpreter && *interpreter != ' ' && *interpreter != '\t', "the interpreter is a word");
	fuzz_check(!argument || (argument > interpreter && argument < line + sizeof(line)), "the argument follows it");
	return 0;
}
