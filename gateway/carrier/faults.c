#include "gateway/carrier/faults.h"
#include <stdarg.h>
#include <stdio.h>

void faults_add(struct faults *f, enum fault_kind kind, const char *fmt, ...)
{
	uint64_t n = f->count[kind]++;
	va_list ap;

	if (n >= FAULT_EXAMPLES)
		return;
	va_start(ap, fmt);
	vsnprintf(f->example[kind][n], sizeof(f->example[kind][n]), fmt, ap);
	va_end(ap);
}

uint64_t faults_sum(const struct faults *f)
{
	uint64_t sum = 0;

	for (int i = 0; i < FAULT_N; i++)
		sum += f->count[i];
	return sum;
}

const char *faults_name(enum fault_kind kind)
{
	static const char *const names[FAULT_N] = {[FAULT_FRAMING] = "framing",
						   [FAULT_MALFORMED] = "malformed",
						   [FAULT_STATE] = "state",
						   [FAULT_SEQUENCE] = "sequence",
						   [FAULT_ADDRESS] = "address",
						   [FAULT_FIELD] = "field",
						   [FAULT_CODING] = "coding",
						   [FAULT_LENGTH] = "length",
						   [FAULT_CONCAT] = "concatenation",
						   [FAULT_WINDOW] = "window",
						   [FAULT_RATE] = "rate",
						   [FAULT_RESPONSE] = "response",
						   [FAULT_PAGE] = "page",
						   [FAULT_CELL] = "cell",
						   [FAULT_OVERLAP] = "overlap"};

	return names[kind];
}
