# Sums up an lcov tracefile by room (folder): each line once, however many programs it was compiled into.
/^SF:/ { file = substr($0, 4); sub(top, "", file); room = file; sub("/[^/]*$", "", room) }
/^DA:/ {
	split(substr($0, 4), da, ",")
	line = file ":" da[1]
	if (!(line in in_room))
		lf[in_room[line] = room]++
	if (da[2] > 0 && !(line in hit))
		lh[room] += hit[line] = 1
}
END {
	for (r in lf)
		if (r !~ /^(tests|\/)/) {
			printf "%-18s %6d of %6d lines  %5.1f %%\n", r, lh[r], lf[r], 100 * lh[r] / lf[r]
			h += lh[r]; n += lf[r]
		}
	printf "%-18s %6d of %6d lines  %5.1f %%\n", "all", h, n, n ? 100 * h / n : 0
}
