# Sums up an lcov tracefile by room (folder).
/^SF:/ { file = substr($0, 4); sub(top, "", file); room = file; sub("/[^/]*$", "", room) }
/^LF:/ { lf[room] += substr($0, 4) }
/^LH:/ { lh[room] += substr($0, 4) }
END {
	for (r in lf)
		if (r !~ /^(tests|\/)/) {
			printf "%-18s %6d of %6d lines  %5.1f %%\n", r, lh[r], lf[r], lf[r] ? 100 * lh[r] / lf[r] : 0
			h += lh[r]; n += lf[r]
		}
	printf "%-18s %6d of %6d lines  %5.1f %%\n", "all", h, n, n ? 100 * h / n : 0
}
