/*
 * Replays a corpus where there is no libFuzzer: runs a target on each file
 * named, and on each file of each folder named, as libFuzzer does.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (1024u * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static size_t replayed;

static void
replay_file(const char *path)
{
	static uint8_t text[INPUT_MAX];
	FILE *f = fopen(path, "rb");
	uint8_t *exact;
	size_t len;

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	/* of its very length, so that sanitizers see who reads behind it */
	if ((exact = malloc(len + (len == 0))) == NULL)
		abort();
	memcpy(exact, text, len);
	(void)LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	replayed++;
}

static void
replay(const char *path)
{
	struct dirent **names;
	char child[4096];
	int n = scandir(path, &names, NULL, alphasort);

	if (n < 0) {
		replay_file(path);
		return;
	}
	for (int i = 0; i < n; i++) {
		snprintf(child, sizeof(child), "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.')
			replay_file(child);
		free(names[i]);
	}
	free(names);
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	printf("%zu inputs\n", replayed);
	return (replayed == 0);
}
