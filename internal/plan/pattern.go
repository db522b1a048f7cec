package plan

// Pattern names what a pass writes.
type Pattern string

// PatternKeyed is an AES-256-CTR stream under a key of this run with a sector
// tag every 512 bytes: incompressible and different in every sector, so that the
// read-back can tell where wrong bytes came from. Packages erase and verify each
// implement it on their own, after this one description:
//
//	streamKey(p) = HKDF-SHA256(secret: seed, salt: driveDigest, info: "panoscrub/pattern/v1 stream pass <p>", 32 bytes)
//	tagKey       = HKDF-SHA256(secret: seed, salt: driveDigest, info: "panoscrub/pattern/v1 tag", 32 bytes)
//	byte i       = AES-256-CTR(streamKey(p)) keystream, whose 16-byte big-endian counter is i/16, so that it starts at zero at the drive's first byte
//	tag of a 512-byte sector s = AES-256(tagKey, BE64(s) || BE64(p)), written over the first 16 bytes of the sector
//
// p is the pass number in decimal, from 1. driveDigest is the 32 bytes of the
// drive identity's SHA-256. Sectors of the pattern are 512 bytes on every drive;
// what does not fit at the end of an odd size is cut off. Vectors made by a third
// implementation are in testdata/vectors/pattern.json.
const PatternKeyed Pattern = "aes-256-ctr-tagged"

// SeedBytes is the length of a pattern's seed.
const SeedBytes = 32

// words says what a pass of the pattern does, "" for a pattern that there is not.
func (p Pattern) words() string {
	switch p {
	case PatternKeyed:
		return "Overwrite every byte with a pattern made for this run and this drive"
	default:
		return ""
	}
}
