package attest

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"
)

var (
	// ErrDeviceID says that a text cannot be a device ID.
	ErrDeviceID = errors.New("not a device ID")
	// ErrCertificateID says that a text is not the ID of a certificate.
	ErrCertificateID = errors.New("not a certificate ID")
)

// The service's own rule for device IDs, and the stricter form that all those
// have which it gave out: 16 random bytes in base32 without padding, whose last
// character has two bits that are zero. Its documentation writes "xmpl" into its
// examples.
var (
	deviceID     = regexp.MustCompile(`^[a-zA-Z0-9\-_]{1,255}$`)
	realDeviceID = regexp.MustCompile(`^device-[a-z2-7]{25}[aeimquy4]$`)
	sampleID     = regexp.MustCompile(`^device-[a-z2-7]{4}xmpl`)
)

// CheckDeviceID reports whether the service could have such a device ID. The
// error wraps [ErrDeviceID] and says what a device ID may hold.
func CheckDeviceID(id string) error {
	switch {
	case id == "":
		return fmt.Errorf("%w: it is empty", ErrDeviceID)
	case len(id) > 255:
		return fmt.Errorf("%w: it has %d characters, and 255 are allowed", ErrDeviceID, len(id))
	case !deviceID.MatchString(id):
		return fmt.Errorf("%w: %q holds characters other than letters, digits, - and _ (the service's pattern is %s)", ErrDeviceID, id, deviceID)
	}
	return nil
}

// LooksLikeDeviceID reports whether an ID has the form that the service gave out,
// and is not one of its documentation's examples. One that does not may still be
// right: people are warned, and not refused.
func LooksLikeDeviceID(id string) bool {
	return realDeviceID.MatchString(id) && !sampleID.MatchString(id)
}

// idAlphabet has 32 characters, and none that is mistaken for another: there is
// no 0 and o, no 1 and l.
const idAlphabet = "23456789abcdefghijkmnpqrstuvwxyz"

const idRandom = 10 // characters

var certificateID = regexp.MustCompile(`^ps-([0-9]{8})-[` + idAlphabet + `]{10}$`)

// NewCertificateID makes the ID of a record: "ps-", the day in UTC, and 50 random
// bits, as in "ps-20261124-k3v9q2m7xd". It panics when random ends, which
// crypto/rand's reader never does.
func NewCertificateID(now time.Time, random io.Reader) string {
	var b [idRandom]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		panic("attest: no randomness for a certificate ID: " + err.Error())
	}
	for i, c := range b {
		b[i] = idAlphabet[c%byte(len(idAlphabet))]
	}
	return now.UTC().Format("ps-20060102-") + string(b[:])
}

// CheckCertificateID reports whether a text has the form of [NewCertificateID].
// What passes is also safe as a file name. The error wraps [ErrCertificateID].
func CheckCertificateID(id string) error {
	m := certificateID.FindStringSubmatch(id)
	if m == nil {
		return fmt.Errorf("%w: %.80q does not have the form ps-20261124-k3v9q2m7xd", ErrCertificateID, id)
	}
	if _, err := time.Parse("20060102", m[1]); err != nil {
		return fmt.Errorf("%w: %s holds no day of the calendar", ErrCertificateID, id)
	}
	return nil
}
