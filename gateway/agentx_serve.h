/* agentx_serve: the net-snmp subagent, run by a thread of its own. All of net-snmp stays inside: its sockets,
 * its timers (no SIGALRM), no configuration or persistent files, no MIB files, no log. Calls into it may hang
 * for many seconds when the master does; that is why nothing else runs in this thread. RFC 2741. */
#pragma once
#include "gateway/agentx_queue.h"

void agentx_serve(struct agentx_queue *queue); /* until agentx_queue_stop() */
