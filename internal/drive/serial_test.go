package drive

import "testing"

func TestSerialQuality(t *testing.T) {
	for serial, want := range map[string]SerialQuality{
		"":                         SerialMissing,
		"0":                        SerialMissing,
		"000000000000":             SerialMissing,
		"00 00":                    SerialMissing,
		"4C530001230405117322":     SerialUnique,
		"60A44C413FAEF2B0":         SerialUnique,
		"AA00000000000489":         SerialUnique,
		"07B2-11d9":                SerialUnique,
		"b17b0157":                 SerialUnique,
		"1d5c4b1":                  SerialSuspect, // seven characters
		"000000000001":             SerialSuspect,
		"0000000000AE5":            SerialSuspect,
		"0123456789ABCDEF":         SerialSuspect,
		"0123456789abcdef":         SerialSuspect,
		"123456789012":             SerialSuspect,
		"12345678901234567890":     SerialSuspect,
		"1234567890ABCDEF":         SerialSuspect,
		"FFFFFFFFFFFF":             SerialSuspect,
		"ABABABABABAB":             SerialSuspect,
		"4C53000123\x1b[2J":        SerialSuspect,
		"4C53000123\u202e123":      SerialSuspect,
		"4C53000123\ufffd\ufffd01": SerialSuspect,
	} {
		if got := serialQuality(serial); got != want {
			t.Errorf("the quality of %q is %s, want %s", serial, got, want)
		}
	}
}

func TestEveryReasonHasWordsAndAPlace(t *testing.T) {
	for reason, w := range words {
		r := refuse(reason, "PARTICULAR")
		if w.sentence == "" || w.hint == "" || r.Sentence() == "" {
			t.Errorf("%s: nothing to say", reason)
		}
	}
	if len(words) != len(order) {
		t.Errorf("%d reasons have words, %d a place in the order", len(words), len(order))
	}
	for _, reason := range order {
		if _, ok := words[reason]; !ok {
			t.Errorf("%s has no words", reason)
		}
	}
}
