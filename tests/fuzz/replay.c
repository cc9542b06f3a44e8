/* Replays every seed of tests/fuzz/seeds/<name> through a fuzz target, as TAP, where libFuzzer is not linked in. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int run(const char *path)
{
	static uint8_t buf[1 << 20];
	FILE *f = fopen(path, "rb");
	size_t n;
	uint8_t *exact;

	if (!f)
		return -1;
	n = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	/* An allocation of the exact size lets ASan and valgrind see one octet too far. */
	exact = malloc(n ? n : 1);
	if (!exact)
		return -1;
	memcpy(exact, buf, n);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	return 0;
}

int main(int argc, char **argv)
{
	const char *top = getenv("SRCDIR"), *name = strrchr(argv[0], '/');
	char dir[4096], path[8192];
	struct dirent **list;
	int n, done = 0;

	name = name ? name + 1 : argv[0];
	if (!strncmp(name, "fuzz_", 5))
		name += 5;
	snprintf(dir, sizeof(dir), "%s/tests/fuzz/seeds/%s", top ? top : ".", name);
	n = scandir(dir, &list, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (list[i]->d_name[0] != '.') {
			snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name);
			done += run(path) == 0;
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	printf("1..1\n%s 1 - %s: %d seeds replayed\n", done > 0 ? "ok" : "not ok", name, done);
	return done > 0 ? 0 : 1;
}
