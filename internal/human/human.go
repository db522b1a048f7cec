// Package human turns values into text for people: sizes, speeds, durations,
// and names that come from a drive, made safe to print.
package human

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Bytes writes a size in the decimal units that are printed on drives: "64 GB".
func Bytes(n int64) string {
	units := []string{"bytes", "kB", "MB", "GB", "TB", "PB", "EB"}
	value, unit := float64(n), 0
	for value >= 999.95 && unit < len(units)-1 {
		value /= 1000
		unit++
	}
	if unit == 0 {
		return fmt.Sprintf("%d bytes", n)
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", value), ".0") + " " + units[unit]
}

// Rate writes a speed in bytes per second: "24.5 MB/s".
func Rate(bytesPerSecond int64) string { return Bytes(bytesPerSecond) + "/s" }

// Duration writes a time to wait as a person would say it, in at most two units:
// "3 h 12 min", "4 min 10 s", "8 s".
func Duration(d time.Duration) string {
	d = max(d, 0)
	switch s := int64((d + time.Second/2) / time.Second); {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d min %d s", s/60, s%60)
	default:
		return fmt.Sprintf("%d h %d min", s/3600, s%3600/60)
	}
}

// Safe makes text from outside harmless on a terminal and in a log: control
// characters, escape codes, line ends, bidirectional marks and bytes that are
// not UTF-8 come out as visible escapes. Printable text is unchanged, but for
// the backslash, which is doubled so that no name can pretend to be an escape.
func Safe(s string) string {
	return Printable(strings.ReplaceAll(s, `\`, `\\`))
}

// JSON makes a JSON document harmless on a terminal and in a log, without changing
// what it says: characters in its strings that are not printable become escapes.
func JSON(doc []byte) []byte {
	var b bytes.Buffer
	for len(doc) > 0 {
		r, n := utf8.DecodeRune(doc)
		switch {
		case r < utf8.RuneSelf && r != 0x7F, unicode.IsPrint(r):
			b.Write(doc[:n])
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		}
		doc = doc[n:]
	}
	return b.Bytes()
}

// Printable is Safe without the doubled backslash: for text that may hold names
// which were escaped already, such as error messages.
func Printable(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		i += n
	}
	return b.String()
}
