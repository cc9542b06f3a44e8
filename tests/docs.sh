#!/bin/bash
# The papers: every program and command answers --help, has a man page that man accepts, and both tell of the same options;
# the README's source tour names what exists, and no source file is missing in it.
. "${SRCDIR:?}/tests/lib.sh"
t_begin
cd "$S" || exit 1
lines() { t_is "$(printf '%s' "$1" | head -8)" "" "$2"; } # nothing to complain of

COMMANDS="reuniond;reunion;reunion-carrier;reunion cellmap;reunion cellmap build;reunion cellmap info;reunion cellmap query
	reunion cellmap cell;reunion cellmap synth;reunion subscribers;reunion subscribers build;reunion subscribers synth;reunion plan;reunion encode
	reunion status;reunion alert;reunion alert list;reunion alert show;reunion alert cancel;reunion link;reunion link list;reunion link show;reunion link block;reunion link rate;reunion ledger
	reunion ledger dump;reunion ledger check"
COMMANDS=$(tr ';' '\n' <<< "$COMMANDS" | sed 's/^[[:space:]]*//')

# ---- --help and usage errors ----
while read -r c; do
	help="$D/${c// /-}.help"
	$c --help > "$help" 2> "$D/err"
	rc=$?
	{ [ $rc = 0 ] && [ -s "$help" ] && [ ! -s "$D/err" ]; }; t_ok $? "$c --help answers on standard output"
	[ "$c" = reunion-carrier ] || t_is "$(grep -v '(default /' "$help" | awk 'length > 120')" "" "$c --help fits a terminal"
	grep -qiE '^examples?:' "$help"; t_ok $? "$c --help has examples"
	$c --help > /dev/full 2> "$D/err"
	t_is "$? $(grep -c 'cannot be written' "$D/err")" "1 1" "$c --help says when it cannot be written"
	$c --no-such-option > "$D/out" 2> "$D/err" < /dev/null
	t_is "$? $([ -s "$D/err" ] && echo told)" "2 told" "$c refuses an unknown option with 2"
done <<< "$COMMANDS"
reunion nonsense > /dev/null 2> "$D/err"; t_is $? 2 "an unknown command is a usage error"
reunion cellmap nonsense > /dev/null 2> "$D/err"; t_is $? 2 "an unknown cellmap command is a usage error"
reunion > /dev/null 2> "$D/err"; t_is $? 2 "no command is a usage error"
reunion plan -c nowhere.cfg nothing.trigger > /dev/null 2> "$D/err"; t_is $? 1 "a missing file is not a usage error"
t_has "$D/err" 'nowhere\.cfg' "and is named"

# Each command listed by reunion --help is one of those above.
listed=$(reunion --help | sed -n 's/^  \([a-z]*\) .*  .*/\1/p' | grep -v '^reunion$' | sort -u)
lines "$(for c in $listed; do grep -qx "reunion $c" <<< "$COMMANDS" || echo "$c is not tested here"; done)" "every listed command is tested"

# ---- man pages ----
declare -A PAGE_OF # "reunion cellmap build" -> its page
while read -r c; do
	case $c in
	reuniond) PAGE_OF[$c]=gateway/reuniond.8 ;;
	reunion) PAGE_OF[$c]=gateway/reunion.1 ;;
	reunion-carrier) PAGE_OF[$c]=gateway/carrier/reunion-carrier.1 ;;
	*) PAGE_OF[$c]=$(compgen -G "*/reunion-$(cut -d' ' -f2 <<< "$c").1") ;;
	esac
done <<< "$COMMANDS"
# Options at the beginning of lines, as help texts and usage lines name them
help_options() {
	for c in "${!PAGE_OF[@]}"; do [ "${PAGE_OF[$c]}" != "$1" ] || sed '/^[Ee]xamples*:/,$d' "$D/${c// /-}.help"; done |
		grep -oE -- '(^|[^A-Za-z0-9-])--[a-z][a-z-]*' | grep -oE -- '--[a-z-]*' | grep -vxE -- '--(help|version)' | sort -u
}
page_options() {
	sed 's/\\-/-/g' "$1" | awk '/^\.SH EXAMPLE/ { exit } /^\.TP/ { getline; print }' | grep -oE -- '--[a-z][a-z-]*' |
		grep -vxE -- '--(help|version)' | sort -u
}
while read -r c; do
	[ -f "${PAGE_OF[$c]}" ]; t_ok $? "$c has a man page"
done <<< "$COMMANDS"
PAGES=$(find gateway cellmap etc -name '*.[158]' | sort)
for page in $(grep '\.[18]$' <<< "$PAGES" | grep -v '/reunion\.1$'); do
	help_options "$page" > "$D/h"; page_options "$page" > "$D/p"
	t_is "$(comm -3 "$D/h" "$D/p" | tr -s '\t\n' ' ')" "" "$page has the options of --help"
	t_is "$(grep -cE '^\.SH EXAMPLES' "$page")" 1 "$page has examples"
done
if command -v man > /dev/null && command -v troff > /dev/null; then
	for page in $PAGES; do
		lines "$(LC_ALL=C.UTF-8 MANROFFSEQ= man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 > /dev/null)" "man accepts $page"
	done
else
	t_skip "man pages" "man and groff are not installed"
fi
lines "$(for page in $PAGES; do grep -qF "$page" cellmap/*.mk smpp/*.mk gateway/*.mk gateway/carrier/*.mk etc/*.mk || echo "$page"; done)" \
	"every page is installed"
lines "$(grep -hoE 'reunion[a-z.\\-]* \([158]\)' $PAGES | tr -d '\\' | sed 's/ (\(.\))/.\1/' | sort -u |
	while read -r p; do grep -q "/$p$" <<< "$PAGES" || echo "$p"; done)" "no page refers to one that is not there"

# ---- README: the source tour ----
awk '/^## Source tour/ { on = 1; next } /^## / { on = 0 } on' README.md > "$D/tour"
grep -oE '`[^`]+`' "$D/tour" | tr -d '`' > "$D/named"
while read -r word; do
	case $word in
	*/) [ -d "$word" ] || echo "no folder $word" ;;
	*.[ch] | *.sh | *.mk | *.txt) compgen -G "$word" > /dev/null || echo "no file $word" ;;
	esac
done < "$D/named" > "$D/gone"
lines "$(cat "$D/gone")" "the tour names only what exists"
# A file is on the tour when it, its header, or the module whose part it is (link_smpp_send of link_smpp) is named.
on_tour() {
	local stem=${1%.[ch]} name
	case $1 in gateway/carrier/*) grep -qx 'gateway/carrier/' "$D/named"; return ;; esac
	while :; do
		grep -qxE "$stem\.[ch]" "$D/named" && return
		name=${stem##*/}
		case $name in *_*) stem=${stem%_*} ;; *) return 1 ;; esac
	done
}
lines "$(for f in $(find cellmap smpp gateway -name '*.[ch]' | sort); do on_tour "$f" || echo "$f"; done)" "every source file is on the tour"
lines "$(grep -oE '\(?(etc|tests|cellmap|gateway|smpp)/[A-Za-z0-9_./-]*[A-Za-z0-9]' README.md | tr -d '(' | sort -u |
	while read -r f; do [ -e "$f" ] || compgen -G "$f*" > /dev/null || echo "$f"; done)" "every path in the README exists"
lines "$(grep -ohE '(/\*|^ \*|//).*\b[a-z_0-9]+\.c\b' $(find cellmap smpp gateway -name '*.[ch]') | grep -oE '\b[a-z_0-9]+\.c\b' | sort -u |
	while read -r f; do [ -n "$(find cellmap smpp gateway -name "$f")" ] || echo "no $f"; done)" "every file that a comment names exists"
t_is "$(sed -n 's/^AC_INIT(\[[^]]*\], \[\([^]]*\)\].*/\1/p' configure.ac)" "$(sed -n 's/^\([0-9][0-9.]*\).*/\1/p' NEWS | head -1)" "NEWS begins with this version"

# ---- the unit ----
if command -v systemd-analyze > /dev/null; then
	sed 's|@sbindir@|/usr/sbin|' etc/reunion.service.in > "$D/reunion-test.service"
	exposure=$(systemd-analyze security --offline=true "$D/reunion-test.service" 2> /dev/null | sed -n 's/.*exposure level for [^:]*: \([0-9.]*\).*/\1/p')
	awk -v e="${exposure:-10}" 'BEGIN { exit !(e <= 1.5) }'; t_ok $? "the systemd unit is confined (exposure ${exposure:-unknown}, at most 1.5)"
else
	t_skip "exposure of the systemd unit" "systemd-analyze is not installed"
fi
t_end
