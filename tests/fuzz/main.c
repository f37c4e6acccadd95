/*
 * Runs a fuzz target once over every file of the folders named, and over the empty input: a regression test in builds
 * without libFuzzer. A folder without seeds is a failure, because then nothing would have been tested.
 */
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	size_t size = 0;
	size_t got;

	if (!file) {
		perror(path);
		return -1;
	}
	do {
		uint8_t *grown = realloc(data, size + 65536);

		if (!grown)
			abort();
		data = grown;
		got = fread(data + size, 1, 65536, file);
		size += got;
	} while (got > 0);
	fclose(file);
	/* An exact allocation, so that a sanitizer sees a read one byte too far. */
	if (size > 0)
		data = realloc(data, size);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	return 0;
}

static int run_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[4096];
	int count = 0;

	if (!dir) {
		perror(folder);
		return 0;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >= (int)sizeof(path) ||
		    run_file(path) < 0) {
			closedir(dir);
			return 0;
		}
		count++;
	}
	closedir(dir);
	if (count == 0)
		fprintf(stderr, "%s: no seeds\n", folder);
	return count;
}

int main(int argc, char **argv)
{
	static const uint8_t empty[1];
	int i;

	if (argc < 2) {
		fprintf(stderr, "usage: %s FOLDER...\n", argv[0]);
		return 2;
	}
	LLVMFuzzerTestOneInput(empty, 0);
	for (i = 1; i < argc; i++) {
		int count = run_folder(argv[i]);

		if (count == 0)
			return 1;
		printf("%s: %d inputs\n", argv[i], count);
	}
	return 0;
}
