package scan

import (
	"fmt"

	"github.com/panoscrub/panoscrub/internal/rules"
)

// stamp is the shape of the time in front of a line of the controller's log: a
// zero stands for any digit.
const stamp = "0000-00-00 00:00:00.000"

// logGap is how far apart two lines of one log may start: stack traces stand
// between lines.
const logGap = 4 << 10

// confirmLogLine reports lines of the form
//
//	2023-02-14 11:53:09.240 WARN loadApplicationGraph(338) text
//
// in which the appliance's controller writes. Lines that follow one another in
// one file, or in free space, are one sighting.
func confirmLogLine(c *checker, r *rules.Rule, v *view, pos int64) {
	line, here := v.around(pos, len(stamp)+1, 96)
	start := here - len(stamp)
	if start < 0 || !hasStamp(line[start:here]) || !hasCaller(line[here+1:]) {
		return
	}
	if start > 0 && midLine(line[start-1]) && v.offset(pos-int64(len(stamp)))%sectorBytes != 0 {
		return
	}
	c.report(v, pos-int64(len(stamp)), sighting{rule: r, length: int64(len(line) - start), lines: 1})
}

// sectorBytes is where what stood there before may end in the middle of a line.
const sectorBytes = 512

func midLine(before byte) bool {
	return plainText(before) && before != '\n' && before != '\r'
}

func logHint(lines int) string {
	if lines == 1 {
		return "1 line in the form of the appliance's controller log"
	}
	return fmt.Sprintf("%d lines in the form of the appliance's controller log", lines)
}

func hasStamp(b []byte) bool {
	for i, c := range []byte(stamp) {
		if c == '0' && !digit(b[i]) || c != '0' && b[i] != c {
			return false
		}
	}
	return true
}

// hasCaller reports whether b is `LEVEL name(123) …`.
func hasCaller(b []byte) bool {
	at := 0
	skip := func(in func(c byte) bool) int {
		start := at
		for at < len(b) && in(b[at]) {
			at++
		}
		return at - start
	}
	is := func(c byte) bool {
		at++
		return at <= len(b) && b[at-1] == c
	}
	return skip(upperCase) > 0 && is(' ') && skip(wordChar) > 0 && is('(') && skip(digit) > 0 && is(')') && is(' ')
}

func upperCase(c byte) bool { return 'A' <= c && c <= 'Z' }
func digit(c byte) bool     { return '0' <= c && c <= '9' }
func wordChar(c byte) bool {
	return 'a' <= c && c <= 'z' || upperCase(c) || digit(c) || c == '_'
}
