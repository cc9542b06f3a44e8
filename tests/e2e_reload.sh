#!/bin/bash
# Folders of agencies across reloads: a changed path is followed, a removed agency's folder is left alone, one that comes back is
# watched again, and a configuration whose folder is missing is refused whole. What was claimed before still gets its result.
. "${SRCDIR:?}/tests/lib.sh"
t_begin
t_map 2000 || exit 1
t_carrier one || exit 1
mkdir "$D/other" "$D/second"
agency() { echo "{ name = \"$1\"; spool = \"$D/$2\"; allow_unsigned = true; allow_types = ( \"missing-child\" ); max_radius_km = 100.0; }"; }
agencies() { # LIST: writes the configuration anew
	t_config "{ name = \"one\"; networks = ( \"460-00\" ); links = ( $(t_smpp one-1 "$SMPP_one"), $(t_cbsp one-bsc "$CBSP_one") ); }"
	sed -i "s#^agencies: .*#agencies: ( $1 );#" "$D/reunion.cfg"
}
said() { [ "$(grep -cE "$1" "$D/gateway.log")" -gt "$2" ]; }
reload() { # PATTERN that it says when it is done
	local before
	before=$(grep -cE "$1" "$D/gateway.log")
	kill -HUP "$PID_gateway"
	t_until 10 said "$1" "$before"
}
put() { cp "$D/$1.trigger" "$D/$2/.$1.tmp" && mv "$D/$2/.$1.tmp" "$D/$2/$1.trigger"; } # NAME FOLDER
decided() { [ -e "$D/$2/accepted/$1.result.json" ]; } # NAME FOLDER
lies() { [ -e "$D/$2/$1.trigger" ]; }
takes() { put "$1" "$2"; t_until 30 decided "$1" "$2"; t_ok $? "$3"; }
leaves() { put "$1" "$2"; sleep 1; lies "$1" "$2"; t_ok $? "$3"; }
for n in a b c d e f g h; do t_trigger $n alert; done

agencies "$(agency police spool)"
t_gateway; t_ok $? "the gateway starts"
t_until 10 t_links_up 2
takes a spool "a trigger is taken"
agencies "$(agency police other)"; reload 'is in force'; t_ok $? "another folder for the same agency"
takes b other "a trigger in the new folder is taken"
leaves c spool "one in the old folder is left alone"
t_has "$D/gateway.log" "/spool is no agency's folder any more" "and the log says so"
agencies "$(agency police spool)"; reload 'is in force'
t_until 30 decided c spool; t_ok $? "the old folder again: what waited there is taken"
leaves d other "the other is left alone"
agencies "$(agency police spool), $(agency guard second)"; reload 'is in force'
takes e second "a further agency is served"
agencies "$(agency guard second)"; reload 'is in force'
leaves f spool "a removed agency is not"
t_is "$(t_status '.alerts | length')" 4 "alerts of a removed agency stay"
# In the folder that the agency had at the time
json_of_a() { ls "$D"/*/alerts/"$(jq -r .alert_id "$D/spool/accepted/a.result.json").json"; }
t_until 5 json_of_a; t_ok $? "and their files"
agencies "$(agency guard spool), $(agency police second)"; reload 'is in force'
t_until 30 decided f spool; t_ok $? "folders exchanged: each is served for the other"
t_is "$(jq -r .alert_id "$D/spool/accepted/f.result.json" | cut -d- -f1)" guard "under the name that the configuration gives it"
agencies "$(agency police nowhere), $(agency guard spool)"; reload 'reload refused'; t_ok $? "a folder that is missing: refused"
takes g second "and the old configuration stays"
agencies "$(agency guard spool), $(agency police second)"; sed -i 's/missing-child/other/' "$D/reunion.cfg"; reload 'is in force'
CASE=a t_trigger a2 cancel
takes a2 second "a cancel of an alert whose type is gone"
# What running alerts rest on
good() { agencies "$(agency police spool), $(agency guard second)"; }
refused() { # SED EXPRESSION, PATTERN, NAME: a configuration changed so is refused with this reason
	good; sed -i "$1" "$D/reunion.cfg"
	reload 'reload refused'; t_has "$D/gateway.log" "reload refused.*$2" "$3"
}
refused "s#state_directory = \"[^\"]*\"#state_directory = \"$D/second\"#" "state_directory" "another state_directory is refused"
refused 's#addressing = "subscribers"#addressing = "cells"#' "link one-1: its addressing" "so is another addressing of a link"
refused 's#name = "one-bsc"; type = "cbsp"#name = "one-1x"; type = "cbsp"#; s#name = "one-1";#name = "one-bsc";#' "link one-bsc: its type" "another type"
refused 's#{ name = "one"; networks#{ name = "two"; networks#' "link one-1: its carrier" "and another carrier"
good; sed -i "s#control_socket = \"[^\"]*\"#control_socket = \"$D/other.sock\"#" "$D/reunion.cfg"; reload 'is in force'
t_has "$D/gateway.log" "gateway.control_socket stays as it is" "a door that is opened at the start only is told of"
# While a map is built, the next reload waits for its turn
t_map 60000; good; kill -HUP "$PID_gateway"; sleep 0.1
agencies "$(agency police spool), $(agency guard other)"; reload 'is in force.*60000 cells'
put h other; t_until 30 decided h other; t_ok $? "the last of two reloads holds"
t_stop_gateway
t_is $? 0 "an orderly end"
t_end
