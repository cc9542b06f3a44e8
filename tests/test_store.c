/* The conformance suite against the embedded ledger. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "tests/store_conformance.h"

static char folder[64], uri[128];

static void wipe(void)
{
	static const char *const rests[] = {"", "-wal", "-shm", ".lock", ".reserve"};
	char name[256];

	for (unsigned int i = 0; i < sizeof(rests) / sizeof(*rests); i++) {
		snprintf(name, sizeof(name), "%s/ledger.db%s", folder, rests[i]);
		unlink(name);
	}
}

static void fresh(const struct store_fixture *fixture)
{
	wipe();
}

int main(void)
{
	struct store_fixture fixture = {"store_sqlite", uri, true};
	int rc;

	snprintf(folder, sizeof(folder), "/tmp/test_store.XXXXXX");
	if (!mkdtemp(folder))
		return 99;
	snprintf(uri, sizeof(uri), "sqlite:%s/ledger.db", folder);
	rc = store_conformance(&fixture, fresh);
	wipe();
	rmdir(folder);
	return rc;
}
