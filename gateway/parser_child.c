/* What the confined child does: octets in, a packed scan out, until its parent is gone. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include "gateway/parser_parts.h"

#define MEMORY_OCTETS (512u << 20) /* of address space: the libraries of the program take a part of it */

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE_ARCH AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NATIVE_ARCH AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define NATIVE_ARCH AUDIT_ARCH_S390X
#endif
#define LOW_HALF (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0) /* of an argument: all that the checked calls look at */

#define LOAD(at)       BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (at))
#define FIELD(name)    LOAD(offsetof(struct seccomp_data, name))
#define ARG(n)         LOAD(offsetof(struct seccomp_data, args[n]) + LOW_HALF)
#define KILL           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
#define ALLOW          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define SKIP_UNLESS(v) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (v), 0, 1)
#define CALL(name)     SKIP_UNLESS(__NR_##name), ALLOW

/* Memory without a right to execute, the one socket, an end. Memory of other files cannot be mapped: there are none. */
static const struct sock_filter filter[] = {
#ifdef NATIVE_ARCH
	FIELD(arch),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0),
	KILL,
#endif
	FIELD(nr),
	CALL(exit_group),
	CALL(exit),
	CALL(brk),
	CALL(munmap),
	CALL(mremap),
	CALL(madvise),
	CALL(futex),
	CALL(rt_sigreturn),
#ifdef __SANITIZE_ADDRESS__ /* which speaks of what it finds */
	CALL(write),
	CALL(getpid),
	CALL(gettid),
	CALL(sigaltstack),
	CALL(sched_yield),
#endif
#ifdef __NR_mmap2
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_mmap2, 2, 0),
#else
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_mmap, 2, 0),
#endif
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_read, 4, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_write, 3, 6),
	ARG(2), /* mmap's protection */
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 4, 0),
	ALLOW,
	ARG(0), /* whose descriptor */
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PARSER_FD, 0, 1),
	ALLOW,
	KILL,
};

static void limit(int what, rlim_t most)
{
	const struct rlimit r = {most, most};

	setrlimit(what, &r);
}

/* True when the kernel took the filter. */
static bool confine(void)
{
	const struct sock_fprog program = {.len = ARRAY_SIZE(filter), .filter = (struct sock_filter *)filter};

	/* What ends the daemon in good order is not for us: our work is awaited. */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 0);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_NPROC, 0);
	limit(RLIMIT_NOFILE, PARSER_FD + 1);
#ifndef __SANITIZE_ADDRESS__ /* whose shadow takes terabytes of address space */
	limit(RLIMIT_AS, MEMORY_OCTETS);
#endif
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static bool all_in(void *p, size_t len)
{
	for (uint8_t *at = p; len > 0;) {
		ssize_t n = read(PARSER_FD, at, len);

		if (n <= 0 && !(n < 0 && errno == EINTR))
			return false;
		at += OSMO_MAX(n, 0);
		len -= OSMO_MAX(n, 0);
	}
	return true;
}

static bool all_out(const void *p, size_t len)
{
	for (const uint8_t *at = p; len > 0;) {
		ssize_t n = write(PARSER_FD, at, len);

		if (n <= 0 && !(n < 0 && errno == EINTR))
			return false;
		at += OSMO_MAX(n, 0);
		len -= OSMO_MAX(n, 0);
	}
	return true;
}

static bool serve(uint8_t *data, uint32_t len)
{
	void *ctx = talloc_new(NULL);
	size_t answer_len;
	uint8_t *answer = trigger_scan_pack(ctx, trigger_scan(ctx, data, len), &answer_len);
	uint32_t head = answer_len;
	bool ok = all_out(&head, sizeof(head)) && all_out(answer, answer_len);

	talloc_free(ctx);
	return ok;
}

int parser_child(void)
{
	uint8_t *data = talloc_size(NULL, PARSER_MAX_QUESTION);
	uint8_t hello = confine() ? PARSER_CONFINED : PARSER_AT_LARGE;
	uint32_t len;

	OSMO_ASSERT(data);
	if (all_out(&hello, 1))
		while (all_in(&len, sizeof(len)) && len <= PARSER_MAX_QUESTION && all_in(data, len) && serve(data, len))
			;
	_exit(0);
}

bool parser_is_child(int argc, char **argv)
{
	return argc == 2 && !strcmp(argv[1], PARSER_WORD);
}
