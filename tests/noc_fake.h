/* noc_fake: a snapshot with known numbers, for the NOC's tests. */
#pragma once
#include "gateway/snapshot.h"

/* Two links (cm-1 up, cm-bsc-1 down) of one carrier, one agency, two alerts (numbers 3 and 7). Counter i
 * (from 0) of link l (from 1) is l * 1000 + i; total i is 5000000000 + i; unit state i of alert a is a * 100
 * + i. */
struct snapshot *noc_fake(void);
