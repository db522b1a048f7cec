package human

import (
	"encoding/json"
	"testing"
	"time"
)

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 bytes", 511: "511 bytes", 999: "999 bytes", 1000: "1 kB", 1536: "1.5 kB",
		999_949: "999.9 kB", 999_950: "1 MB", 64_000_000_000: "64 GB", 61_530_439_680: "61.5 GB",
		1<<63 - 1: "9.2 EB",
	} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 400 * time.Millisecond: "0 s", 59400 * time.Millisecond: "59 s",
		59500 * time.Millisecond: "1 min 0 s", 250 * time.Second: "4 min 10 s", 3*time.Hour + 12*time.Minute + 40*time.Second: "3 h 12 min",
	} {
		if got := Duration(d); got != want {
			t.Errorf("Duration(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestSafe(t *testing.T) {
	for in, want := range map[string]string{
		"certificates-omni_site7.zip": "certificates-omni_site7.zip",
		"Grüße 日本":                    "Grüße 日本",
		"\x1b[2Jgone":                 `\x1b[2Jgone`,
		"a\r\nb\tc":                   `a\x0d\x0ab\x09c`,
		"\u202egpj.exe":               `\u202egpj.exe`,
		"\u009b31m":                   `\x9b31m`,
		"bad\xff\xfeutf8":             `bad\xff\xfeutf8`,
		`C:\x1b`:                      `C:\\x1b`,
		"\U000e0001tag":               `\U000e0001tag`,
		"zero\u200bwidth":             `zero\u200bwidth`,
	} {
		if got := Safe(in); got != want {
			t.Errorf("Safe(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestJSON keeps what a document says, and leaves nothing in it that a terminal
// would obey.
func TestJSON(t *testing.T) {
	for name, want := range map[string]string{
		"plain":            `"plain"`,
		"a\u202egpj.exe":   `"a\u202egpj.exe"`,
		"\x7f\u009b31m":    `"\u007f\u009b31m"`,
		"日本 \U0001F600":    `"日本 😀"`,
		"\U000E0001\u200b": `"\udb40\udc01\u200b"`,
		"\x1b[31m\n\t\"\\": `"\u001b[31m\n\t\"\\"`,
	} {
		doc, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		got := JSON(doc)
		var back string
		if err := json.Unmarshal(got, &back); err != nil || back != name || string(got) != want {
			t.Errorf("%q: %s, want %s; read back as %q, %v", name, got, want, back, err)
		}
	}
}
