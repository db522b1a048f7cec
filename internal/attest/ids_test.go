package attest

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestCheckDeviceID(t *testing.T) {
	for id, want := range map[string]bool{
		testDeviceID: true, "a": true, "-": true, "A_b-9": true, strings.Repeat("x", 255): true,
		"": false, strings.Repeat("x", 256): false, "a b": false, "a/b": false, "ä": false, "a\n": false, "\x1b[31m": false, "a\x00": false,
	} {
		err := CheckDeviceID(id)
		if (err == nil) != want || err != nil && !errors.Is(err, ErrDeviceID) {
			t.Errorf("%q: %v", id, err)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\x1b\n\x00") {
			t.Errorf("%q: the error is not safe to print: %q", id, err)
		}
	}
	if err := CheckDeviceID("a b"); !strings.Contains(err.Error(), `[a-zA-Z0-9\-_]`) {
		t.Errorf("the error does not name the pattern: %v", err)
	}
}

func TestLooksLikeDeviceID(t *testing.T) {
	for id, want := range map[string]bool{
		testDeviceID:                         true,
		"device-k7w3examplezq5n2hbt6yj4cdb":  false, // two bits that are not zero
		"device-k7w3examplezq5n2hbt6yj4cd":   false, // too short
		"device-k7w3examplezq5n2hbt6yj4cdaa": false,
		"device-K7W3EXAMPLEZQ5N2HBT6YJ4CDA":  false,
		"device-k7w3xmplezq5n2hbt6yj4cda22":  false, // a documentation's example
		"site7":                              false, "": false,
	} {
		if got := LooksLikeDeviceID(id); got != want {
			t.Errorf("%q: %v", id, got)
		}
	}
}

func TestNewCertificateID(t *testing.T) {
	// An hour before midnight in the west is the next day in UTC.
	now := time.Date(2026, 11, 23, 23, 0, 0, 0, time.FixedZone("", -3*3600))
	if got, want := NewCertificateID(now, bytes.NewReader([]byte{0, 1, 7, 8, 31, 32, 33, 64, 255, 200})), "ps-20261124-239az23"; !strings.HasPrefix(got, want) {
		t.Errorf("%s, want %s…", got, want)
	}
	seen := map[string]bool{}
	letters := map[rune]int{}
	for range 3000 {
		id := NewCertificateID(now, rand.Reader)
		if err := CheckCertificateID(id); err != nil || seen[id] {
			t.Fatalf("%s: %v, seen: %v", id, err, seen[id])
		}
		seen[id] = true
		for _, c := range id[12:] {
			letters[c]++
		}
	}
	if len(letters) != 32 || letters['0']+letters['o']+letters['1']+letters['l'] != 0 {
		t.Errorf("letters used: %v", letters)
	}
}

func TestCheckCertificateID(t *testing.T) {
	for id, want := range map[string]bool{
		"ps-20261124-k3v9q2m7xd": true, "ps-20240229-2222222222": true,
		"": false, "ps-20261124-k3v9q2m7x": false, "ps-20261124-k3v9q2m7xdd": false, "PS-20261124-k3v9q2m7xd": false,
		"ps-20261324-k3v9q2m7xd": false, "ps-20250229-k3v9q2m7xd": false, "ps-20261124-k3v9q2m7x0": false, "ps-20261124-k3v9q2m7xo": false,
		"ps-20261124-k3v9q2m7x1": false, "ps-20261124-k3v9q2m7xl": false, "ps-20261124-k3v9q2m7xD": false,
		"../ps-20261124-k3v9q2m7xd": false, "ps-20261124-k3v9q2m7xd\n": false, strings.Repeat("x", 5000): false,
	} {
		err := CheckCertificateID(id)
		if (err == nil) != want || err != nil && (!errors.Is(err, ErrCertificateID) || len(err.Error()) > 300) {
			t.Errorf("%q: %v", id, err)
		}
	}
}
