package policy

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// Pattern names what a pass writes: [Keyed], [Complement], or what [Fixed] makes.
// Packages erase and verify each implement the three on their own, after the
// descriptions here. Vectors made by a third implementation are in
// testdata/vectors/pattern.json.
type Pattern string

// Keyed is an AES-256-CTR stream under a key of this run with a sector tag every
// 512 bytes: incompressible and different in every sector, so that the read-back
// can tell where wrong bytes came from:
//
//	streamKey(p) = HKDF-SHA256(secret: seed, salt: driveDigest, info: "panoscrub/pattern/v1 stream pass <p>", 32 bytes)
//	tagKey       = HKDF-SHA256(secret: seed, salt: driveDigest, info: "panoscrub/pattern/v1 tag", 32 bytes)
//	byte i       = AES-256-CTR(streamKey(p)) keystream, whose 16-byte big-endian counter is i/16, so that it starts at zero at the drive's first byte
//	tag of a 512-byte sector s = AES-256(tagKey, BE64(s) || BE64(p)), written over the first 16 bytes of the sector
//
// p is the pass number in decimal, from 1. driveDigest is the 32 bytes of the
// drive identity's SHA-256. Sectors of the pattern are 512 bytes on every drive;
// what does not fit at the end of an odd size is cut off.
//
// It is also what other tools call random: nobody without the seed can tell it
// from random bytes. The seed is in the record, because only bytes that can be
// made again can be compared.
const Keyed Pattern = "aes-256-ctr-tagged"

// Complement is the complement of what the pass before wrote, which must have been
// Keyed: each of its bits, the tags' too, the other way round.
const Complement Pattern = "aes-256-ctr-tagged-complement"

// SeedBytes is the length of the seed of keyed patterns.
const SeedBytes = 32

const (
	fixedPrefix   = "fixed-"
	maxFixedBytes = 16
)

// Fixed is the pattern of 1 to 16 bytes that are repeated from the drive's first
// byte on: byte i is repeated[i mod len(repeated)]. Its name is "fixed-" and these
// bytes in lower-case hex.
func Fixed(repeated ...byte) Pattern { return Pattern(fixedPrefix + hex.EncodeToString(repeated)) }

// Repeated returns the bytes of a [Fixed] pattern, false for another pattern.
func (p Pattern) Repeated() ([]byte, bool) {
	digits, fixed := strings.CutPrefix(string(p), fixedPrefix)
	repeated, err := hex.DecodeString(digits)
	// A pattern has one name.
	if !fixed || err != nil || len(repeated) < 1 || len(repeated) > maxFixedBytes || Fixed(repeated...) != p {
		return nil, false
	}
	return repeated, true
}

// TellsPlaces reports whether the pattern is different in every sector. Only of
// such a one does the read-back show that each sector held its own data, and so
// that the drive has the room that it announces.
func (p Pattern) TellsPlaces() bool { return p == Keyed || p == Complement }

// Words says what a pass of the pattern does, "" for a pattern that there is not.
func (p Pattern) Words() string {
	switch p {
	case Keyed:
		return "Overwrite every byte with a pattern made for this run and this drive"
	case Complement:
		return "Overwrite every byte with the complement of the pass before"
	}
	if repeated, ok := p.Repeated(); ok {
		return fmt.Sprintf("Overwrite every byte with % X", repeated)
	}
	return ""
}
