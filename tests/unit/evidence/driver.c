/*
 * Lets a script play AESM and Linux:  driver aesm SOCKET REPORT-FILE   prints the target's information and the quote
 *                                     driver tsm REPORTS-FOLDER        prints provider and evidence
 * In the second, a folder "template" beside the reports is what Linux would fill a new one with.
 */
#include "evidence/aesm.h"
#include "evidence/tsm.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int driver_run(const char *program, const char *option, const char *from, const char *to)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		(void)execlp(program, program, option, from, to, (char *)NULL);
		_exit(127);
	}
	return child < 0 || waitpid(child, &status, 0) != child || status ? -1 : 0;
}

static int driver_make(const char *path, mode_t mode)
{
	char template[PATH_MAX];
	const char *last = strrchr(path, '/');

	(void)mode;
	(void)snprintf(template, sizeof(template), "%.*s/template", (int)(last - path), path);
	return driver_run("cp", "-a", template, path);
}

static int driver_remove(const char *path)
{
	return driver_run("rm", "-r", "--", path);
}

static void driver_print(const char *name, const void *bytes, size_t size)
{
	const uint8_t *b = bytes;

	(void)printf("%s ", name);
	for (size_t i = 0; i < size; i++)
		(void)printf("%02x", b[i]);
	(void)printf("\n");
}

static int driver_aesm(const char *socket, const char *path, struct fail *f)
{
	static uint8_t quote[AESM_QUOTE_MAX];
	uint8_t report[SGX_REPORT_BYTES];
	FILE *file = fopen(path, "rb");
	struct aesm_target target;
	size_t size;

	if (!file || fread(report, sizeof(report), 1, file) != 1 || fclose(file))
		return fail(f, "no report in %s", path);
	if (aesm_target_get(socket, &target, f))
		return -1;
	driver_print("target", &target.info, sizeof(target.info));
	if (aesm_quote_get(socket, &target, report, quote, sizeof(quote), &size, f))
		return -1;
	driver_print("quote", quote, size);
	return 0;
}

static int driver_tsm(const char *reports, const char *level, struct fail *f)
{
	const struct tsm_system fake = { reports, driver_make, driver_remove };
	static struct tsm_evidence evidence;
	uint8_t data[TSM_REPORT_DATA];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	if (tsm_evidence_get(&fake, data, level[0] == '-' ? TSM_PRIVLEVEL_DEFAULT : level[0] - '0', &evidence, f))
		return -1;
	(void)printf("provider %s\n", evidence.provider);
	driver_print("evidence", evidence.bytes, evidence.size);
	return 0;
}

int main(int argc, char **argv)
{
	struct fail f = { "" };
	int result = argc != 4                   ? fail(&f, "usage") :
		     strcmp(argv[1], "aesm") == 0 ? driver_aesm(argv[2], argv[3], &f) :
						    driver_tsm(argv[2], argv[3], &f);

	if (result)
		(void)fprintf(stderr, "%s\n", f.text);
	return result ? 1 : 0;
}
