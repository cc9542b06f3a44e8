/* The test of rim.h for machines of three widths: one binary for all, which looks what it has. */
#include "cellmap/rim.h"
#include <math.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define MACHINES 1
#endif

#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)
#define NAME(name)  JOIN(name, LANES)

#define LANES 4
#define TARGET
#ifdef MACHINES
#define SIGNS(mask) ((unsigned int)__builtin_ia32_movmskps((vf4)(mask)))
#endif
#include "cellmap/rimlanes.h"

#ifdef MACHINES
#define LANES       8
#define TARGET      __attribute__((target("avx2,fma")))
#define SIGNS(mask) ((unsigned int)__builtin_ia32_movmskps256((vf8)(mask)))
#include "cellmap/rimlanes.h"

/* A mask of 16 lanes lives in bits already; to ask for octets is how they are had without naming it. */
typedef int8_t vb __attribute__((vector_size(16)));
typedef char vc __attribute__((vector_size(16)));
#define LANES       16
#define TARGET      __attribute__((target("avx512f,fma")))
#define SIGNS(mask) ((unsigned int)__builtin_ia32_pmovmskb128((vc) __builtin_convertvector(mask, vb)))
#include "cellmap/rimlanes.h"
#endif

unsigned int rim_lanes(void)
{
#ifdef MACHINES
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("fma"))
		return 16;
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		return 8;
#endif
	return 4;
}

void rim_test(const struct rim *r, const struct cellmap *map, const uint32_t *list, uint32_t n,
	      uint16_t *inside, uint16_t *perhaps)
{
	const uint32_t *ranges = r->by_range ? map->ranges : NULL;

#ifdef MACHINES
	if (r->lanes == 16)
		test_16(r, map->blocks, ranges, list, n, inside, perhaps);
	else if (r->lanes == 8)
		test_8(r, map->blocks, ranges, list, n, inside, perhaps);
	else
#endif
		test_4(r, map->blocks, ranges, list, n, inside, perhaps);
}
