/* clock: the only file that reads clocks. */
#pragma once
#include <stdint.h>
uint64_t clock_mono_us(void); /* CLOCK_BOOTTIME */
int64_t clock_wall_s(void);   /* Unix seconds, only for what people read and what carries a date */
