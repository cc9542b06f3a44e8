#!/bin/bash
# The house rules that a program can see: which room includes which, who reads clocks, left-overs, sizes. Each check is first
# tried on a small made-up tree that breaks its rule, so that none of them is blind.
set -u
S=${SRCDIR:?}
N=0 BAD=0
ok() { # NAME LINES: good when there is no line
	N=$((N + 1))
	if [ -z "$2" ]; then echo "ok $N - $1"; return; fi
	echo "not ok $N - $1"
	BAD=1
	printf '%s\n' "$2" | head -20 | sed 's/^/# /'
}

# Each check prints a line per offence below the folder it stands in.
sources() { find cellmap smpp gateway -name '*.[ch]' 2> /dev/null | sort; }
includes() { # FOLDER PATTERN: includes of the folder's files that match
	find "$1" -name '*.[ch]' -exec grep -HnE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[\"<]$2" {} + 2> /dev/null
}
layers() {
	includes cellmap '(gateway|smpp)/'
	includes smpp '(gateway|cellmap)/'
	includes gateway '(\.\.?/|[a-z_0-9]*\.h")' | grep '"' | grep -v '"reunion-config.h"'
	includes cellmap '\.\.?/'
	includes smpp '\.\.?/'
}
carrier_alone() { # talloc only of the libraries the gateway rests on, so that the two check each other
	find gateway/carrier -name '*.[ch]' -exec grep -HnE '^[[:space:]]*#[[:space:]]*include' {} + 2> /dev/null |
		grep -vE 'include "gateway/carrier/|include "reunion-config.h"' |
		grep -vE 'include <(osmocom/core/(talloc|utils)|[a-z_0-9]+|(sys|netinet|arpa|net)/[a-z_0-9]+)\.h>'
	includes gateway 'gateway/carrier/' | grep -v '^gateway/carrier/'
	grep -rlE 'gateway/carrier/' cellmap smpp --include='*.[ch]' 2> /dev/null
}
clocks() {
	sources | grep -vxE 'gateway/clock\.c|gateway/carrier/loop\.c' |
		xargs grep -nE '\b((osmo_)?(clock_)?gettime(ofday)?|timespec_get|ftime|times|clock)\(|\btime[[:space:]]*\([[:space:]]*(NULL|0|&)|__(TIME|DATE)__' /dev/null
}
environment() { # the core has none
	sources | grep -E '^(smpp/|gateway/(throttle|ledger|dispatch|plan|page|cbsp|link_|texts|trigger|book))' |
		xargs grep -nE '\b(secure_)?getenv[[:space:]]*\(' /dev/null
}
left_overs() {
	sources | xargs grep -nE '\b(TODO|FIXME|XXX)\b|#[[:space:]]*if[[:space:]]+0\b' /dev/null
	find tests -name '*.[ch]' -exec grep -nE '\b(TODO|FIXME)\b|#[[:space:]]*if[[:space:]]+0\b' /dev/null {} + 2> /dev/null
}
long_files() { sources | xargs awk 'FNR == 601 { print FILENAME ": more than 600 lines" }' /dev/null; }
have_ctags() { ctags --version 2> /dev/null | grep -q Universal; }
long_functions() {
	sources | grep '\.c$' | ctags -L - -o - --languages=C --kinds-C=f --fields=+ne 2> /dev/null |
		awk -F'\t' '{ l = e = 0; for (i = 4; i <= NF; i++) { if ($i ~ /^line:/) l = substr($i, 6); if ($i ~ /^end:/) e = substr($i, 5) }
			if (e - l + 1 > 100) print $2 ":" l ": " $1 " has " e - l + 1 " lines" }'
}
paths() { # of the machine it was made on
	find . -path ./build -prune -o -path './build-*' -prune -o -path ./.git -prune -o -path ./autom4te.cache -prune -o -type f -print0 |
		xargs -0 grep -InE '(^|[^A-Za-z0-9_.])/(work|home|tmp/wt)/[a-z]' /dev/null | grep -vE '^\./(configure|Makefile|config)[^:/]*:|^\./tests/house\.sh:'
}

# ---- the checks can fail ----
T=$(mktemp -d /tmp/reunion-house.XXXXXX) || exit 1
trap 'rm -rf "$T"' EXIT
cd "$T" && mkdir -p cellmap smpp gateway/carrier tests || exit 1
echo '#include "gateway/log.h"' > cellmap/a.c
echo '#include "cellmap/cellmap.h"' > smpp/a.h
printf '%s\n' '#include "gateway/cbsp.h"' '#include <osmocom/core/msgb.h>' > gateway/carrier/a.c
printf '%s\n' 'void f(void) { t = time(NULL); }' 'void g(void) { clock_gettime(CLOCK_MONOTONIC, &t); }' 'char *h = getenv("A");' > gateway/ledger.c
printf '%s\n' '/* TODO: later */' '# if 0' > smpp/b.c
{ echo 'int f(void)'; echo '{'; yes '	f();' | head -110; echo '}'; yes '' | head -500; } > cellmap/long.c
echo 'see /home/me/notes' > tests/a.txt
found() { # CHECK HOW-MANY
	local n
	n=$($1 | wc -l)
	[ "$n" = "$2" ] || echo "$1 found $n of $2 planted faults"
}
blind=$(found layers 2; found carrier_alone 2; found clocks 2; found environment 1; found left_overs 2; found long_files 1; found paths 1
	have_ctags && found long_functions 1)
ok "each check finds the faults planted for it" "$blind"

# ---- this tree ----
cd "$S" || exit 1
ok "cellmap and smpp know nothing of gateway, nor of each other" "$(layers)"
ok "reunion-carrier shares no code with the gateway" "$(carrier_alone)"
ok "clocks are read in one file (and in the carrier's loop)" "$(clocks)"
ok "the core reads no environment" "$(environment)"
ok "no left-overs" "$(left_overs)"
ok "no file of more than 600 lines" "$(long_files)"
if have_ctags; then
	ok "no function of more than 100 lines" "$(long_functions)"
else
	N=$((N + 1)); echo "ok $N - functions # SKIP universal-ctags is not installed"
fi
ok "no path of anybody's machine" "$(paths)"
echo "1..$N"
exit $BAD
