# Turns what a program printed into an SVG picture of a terminal.
function esc(s) { gsub(/&/, "\\&amp;", s); gsub(/</, "\\&lt;", s); gsub(/>/, "\\&gt;", s); return s }
# Of many findings the first eight are enough for a picture.
/^F[0-9]+ / { if (++found > 8) skipping = 1 }
!/^F[0-9]+ |^     at byte / { if (skipping) add(sprintf("…    and %d more", found - 8)); skipping = 0 }
!skipping { add($0) }
function add(s) { line[++n] = s; if (length(s) > width) width = length(s) }
END {
	w = width * 8.45 + 40; h = n * 19 + 40
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n", w, h, w, h
	printf "<rect width=\"100%%\" height=\"100%%\" rx=\"8\" fill=\"#16181d\"/>\n"
	printf "<g font-family=\"ui-monospace,Menlo,Consolas,monospace\" font-size=\"14\" fill=\"#d6d9df\" xml:space=\"preserve\">\n"
	for (i = 1; i <= n; i++) {
		colour = ""
		if (line[i] ~ /^\$ /) colour = " fill=\"#8fd3ff\""
		if (line[i] ~ /^(PASS|CLEAN|VALID)/) colour = " fill=\"#8ce99a\" font-weight=\"bold\""
		if (line[i] ~ /^(LEFTOVERS|FAIL|INCOMPLETE|NOT VALID)/) colour = " fill=\"#ffb86b\" font-weight=\"bold\""
		printf "<text x=\"20\" y=\"%d\"%s>%s</text>\n", i * 19 + 16, colour, esc(line[i])
	}
	print "</g>\n</svg>"
}
