/* counters: every number the NOC sees of links and the gateway, from one table: struct fields, JSON keys, Prometheus
 * names, VTY columns and MIB objects are made of it (noc tests compare the MIB). Counters count events and never fall. */
#pragma once
#include <stdint.h>

/* X(field, MIB descriptor suffix, description) - all Counter64 */
#define LINK_COUNTERS(X) \
	X(submitted, "Submitted", "Message parts or broadcast requests handed to the peer") \
	X(accepted, "Accepted", "Parts or requests the peer answered positively") \
	X(refused, "Refused", "Parts or requests the peer refused for good") \
	X(transient, "Transient", "Answers that ask to try again later") \
	X(throttled, "Throttled", "Answers that say too fast (RTHROTTLED, RMSGQFUL, congestion)") \
	X(unknown, "Unknown", "Units that ended unknown after three attempts") \
	X(lost, "Lost", "Requests whose answer never came") \
	X(receipts, "Receipts", "Delivery receipts received") \
	X(receipts_delivered, "ReceiptsDelivered", "Receipts that say delivered") \
	X(receipts_failed, "ReceiptsFailed", "Receipts that say not delivered") \
	X(clues, "Clues", "Messages from the public stored as clues") \
	X(binds, "Binds", "Successful binds (CBSP: completed resets)") \
	X(bind_failures, "BindFailures", "Refused binds") \
	X(connect_failures, "ConnectFailures", "TCP connections that could not be made") \
	X(disconnects, "Disconnects", "Connections lost after a bind") \
	X(protocol_errors, "ProtocolErrors", "PDUs that could not be read or were not expected") \
	X(octets_out, "OctetsOut", "Octets sent") \
	X(octets_in, "OctetsIn", "Octets received") \
	X(refused_ours, "RefusedOurs", "Of the refused: parts whose answer says that we made them wrong") \
	X(turned_away, "TurnedAway", "Answers that turn the whole link away, not one message") \
	X(bind_credentials, "BindCredentials", "Of the refused binds: system_id or password were wrong") \
	X(bind_unanswered, "BindUnanswered", "Of the refused binds: no answer, or no bind, in time") \
	X(bind_closed, "BindClosed", "Of the refused binds: the connection ended first") \
	X(rehearsals, "Rehearsals", "Trial messages sent") \
	X(rehearsals_failed, "RehearsalsFailed", "Trial messages without a good answer")

/* X(field of struct snap_link, MIB descriptor suffix, unit in the MIB, description) - all Gauge32 */
#define LINK_GAUGES(X) \
	X(rtt_mean_us, "RoundTripMean", "microseconds", "Mean time to an answer over the last minute, 0 none came") \
	X(rtt_p99_us, "RoundTripP99", "microseconds", "Time within which 99 of 100 answers came, over the last minute") \
	X(proven_s, "ProvenAge", "seconds", "Time since the last good answer to a message; 4294967295 never") \
	X(serving, "Serving", "binds", "Binds that carry messages now, each with a window of its own (CBSP: 0)")

#define TOTAL_COUNTERS(X) \
	X(triggers_accepted, "TriggersAccepted", "Trigger files accepted") \
	X(triggers_rejected, "TriggersRejected", "Trigger files rejected") \
	X(triggers_duplicate, "TriggersDuplicate", "Trigger files that repeated accepted content") \
	X(alerts_completed, "AlertsCompleted", "Alerts whose every unit reached a final state") \
	X(alerts_recalled, "AlertsRecalled", "Alerts cancelled") \
	X(alerts_at_risk, "AlertsAtRisk", "Alerts and carriers predicted to miss their deadline") \
	X(alerts_missed, "AlertsMissed", "Alerts and carriers that missed their deadline") \
	X(clues, "Clues", "Messages from the public stored as clues") \
	X(store_commits, "StoreCommits", "Durable commits of the ledger") \
	X(store_failures, "StoreFailures", "Commits of the ledger that failed")

#define COUNTER_FIELD(field, mib, text) uint64_t field;
struct link_counters {
	LINK_COUNTERS(COUNTER_FIELD)
};
struct total_counters {
	TOTAL_COUNTERS(COUNTER_FIELD)
};
#undef COUNTER_FIELD
