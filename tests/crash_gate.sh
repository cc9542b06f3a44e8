#!/bin/bash
# The gate of the crash tests itself: each kind of wrong that it looks for is forged once, and seen.
. "${SRCDIR:?}/tests/lib.sh"
. "$S/tests/crash_lib.sh"
crash_begin
H=00000000000000aa
unit() { printf 'police-1\talert\tone-1\t%s\t%s\n' "$1" "$2" >> "$D/dump"; }
copy() { echo "$1 $2 $H $2 1 2" >> "$D/one.recipients"; }
good() {
	rm -f "$D/dump" "$D/one.recipients"
	for m in 861 862 863 864; do unit $m accepted; copy $m 1; done
	unit 865 refused; unit 866 unknown; unit 867 withdrawn
	printf 'police-1\talert\ttwo-1\t999\taccepted\npolice-1\talert\tone-1\tGSM-460-00-1-2\tunknown\n' >> "$D/dump"
}
seen() { t_is "$(word "$1" "$(crash_compare one $H alert)")" "$2" "$3"; }
good
t_is "$(crash_compare one $H alert)" "planned=7 open=0 lost=0 odd=0 twice=0 people=4 repeats=0 most=1 accepted=4 refused=1 unknown=1 expired=0 withdrawn=1" "nothing wrong, nothing found"
good; unit 868 accepted; seen lost 1 "accepted in the ledger, but the carrier has no copy"
good; copy 867 1; seen odd 1 "withdrawn in the ledger, but the carrier has a copy"
good; copy 869 1; seen odd 1 "a copy for somebody who was never planned"
good; unit 868 waiting; unit 869 handed; seen open 2 "units without a final state"
good; unit 861 accepted; seen twice 1 "a recipient twice in the ledger"
good; sed -i 's/^861 1/861 4/' "$D/one.recipients"; seen most 4 "four copies for one person"
seen repeats 3 "and three of them are repeats"
good; sed -i '/\t864\t/d' "$D/dump"; seen planned 6 "a planned recipient that is missing"
: > "$D/one.recipients"; good; rm "$D/one.recipients"; : > "$D/one.recipients"; seen lost 4 "a carrier that got nothing"

# What may be repeated: two windows of 10 for each of 5 kills and 2 disconnects, and 3 answers that the carrier kept
report() { echo "{\"smpp\":{\"duplicates\":$1,\"max_copies\":$2,\"disconnects\":$3,\"dropped\":$4}}" > "$D/one.json"; }
report 143 3 2 3; t_is "$(repeats_allowed one 20 5)" 143 "a window a link and event, and one a kept answer, may repeat"
crash_repeats one 20 5 > /dev/null; t_is $? 0 "as many repeats are found good"
report 144 3 2 3; crash_repeats one 20 5 > "$D/out"; t_is $? 1 "one more is found"
t_has "$D/out" '144 repeats, 143 allowed' "and told"
report 144 2 3 3; crash_repeats one 20 5 > /dev/null; t_is $? 0 "unless there was another event"
report 1 4 2 3; crash_repeats one 20 5 > /dev/null; t_is $? 1 "a fourth copy is found, however few repeats there are"
report 0 1 0 0; crash_repeats one 20 0 > /dev/null; t_is $? 0 "without an event there need be none"
report 1 2 0 0; crash_repeats one 20 0 > /dev/null; t_is $? 1 "and there may be none"
t_end
