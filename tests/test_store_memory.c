/* The conformance suite against the store in memory. */
#include "tests/store_conformance.h"

static void fresh(const struct store_fixture *fixture)
{
}

int main(void)
{
	struct store_fixture fixture = {"store_memory", "memory:", false};

	return store_conformance(&fixture, fresh);
}
