# Turns what a program printed into an SVG picture of a terminal.
function esc(s) { gsub(/&/, "\\&amp;", s); gsub(/</, "\\&lt;", s); gsub(/>/, "\\&gt;", s); return s }
{ line[NR] = $0; if (length($0) > width) width = length($0) }
END {
	w = width * 8.45 + 40; h = NR * 19 + 40
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n", w, h, w, h
	printf "<rect width=\"100%%\" height=\"100%%\" rx=\"8\" fill=\"#16181d\"/>\n"
	printf "<g font-family=\"ui-monospace,Menlo,Consolas,monospace\" font-size=\"14\" fill=\"#d6d9df\" xml:space=\"preserve\">\n"
	for (i = 1; i <= NR; i++) {
		colour = ""
		if (line[i] ~ /^\$ /) colour = " fill=\"#8fd3ff\""
		if (line[i] ~ /^(PASS|CLEAN|VALID)/) colour = " fill=\"#8ce99a\" font-weight=\"bold\""
		if (line[i] ~ /^(LEFTOVERS|FAIL|INCOMPLETE|NOT VALID)/) colour = " fill=\"#ffb86b\" font-weight=\"bold\""
		printf "<text x=\"20\" y=\"%d\"%s>%s</text>\n", i * 19 + 16, colour, esc(line[i])
	}
	print "</g>\n</svg>"
}
