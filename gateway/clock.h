/* clock: the only file that reads clocks. */
#pragma once
#include <stdint.h>
uint64_t clock_mono_us(void); /* CLOCK_BOOTTIME */
int64_t clock_wall_us(void);  /* the same in microseconds, to see that it was set */
void clock_boot(char id[37]);	 /* this run of the machine, whose time clock_mono_us() counts; "" = unknown */
int64_t clock_wall_s(void);   /* Unix seconds, only for what people read and what carries a date */
