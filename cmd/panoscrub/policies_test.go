package main

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/testtool"
)

// patternRecord is what a record says that stands on the drive.
type patternRecord struct {
	Predicate struct {
		Verdict string
		Pattern struct{ Name, Seed, DriveDigest string }
		Passes  []struct{ Pattern string }
	}
}

// TestWhatStandsOnTheDrive has openssl make what each kind of policy leaves on a
// drive, from its record alone, and compares all of the drive with it: of sizes that
// are multiples of nothing, and without a file system, so that every byte counts.
func TestWhatStandsOnTheDrive(t *testing.T) {
	testtool.Need(t, "openssl")
	for name, passes := range map[string]string{
		"keyed":           `"keyed"`,
		"complement":      `"keyed", "complement"`,
		"zeros":           `"00"`,
		"legacy":          `"00", "FF", "keyed"`,
		"bytes":           `"00", "FF", "00", "FF", "00", "FF", "AA"`,
		"three bytes":     `"keyed", "92 49 24"`,
		"complement late": `"00", "keyed", "keyed", "complement"`,
	} {
		for _, size := range []int64{1, 511, 100_003, 5<<20 + 4099} {
			t.Run(fmt.Sprintf("%s, %d bytes", name, size), func(t *testing.T) {
				dir := t.TempDir()
				image, state := filepath.Join(dir, "stick.img"), filepath.Join(dir, "state")
				file := writeTemp(t, dir, "site.toml", []byte("id = 'site'\ntitle = 'x'\nformat = false\npasses = ["+passes+"]\n"))
				if err := os.WriteFile(image, bytes.Repeat([]byte("old content "), int(size)/12+1)[:size], 0o600); err != nil {
					t.Fatal(err)
				}
				panoscrub(t, state, 0, "sanitize", image, "--appliance", appliance, "--yes", "--policy-file", file)
				record := onlyRecord(t, state)
				got, err := os.ReadFile(image)
				if err != nil {
					t.Fatal(err)
				}
				if want := madeByOpenSSL(t, unmarshal[patternRecord](t, payloadOf(t, record)), size); !bytes.Equal(got, want) {
					t.Error("what stands on the drive is not what its record says")
				}
				panoscrub(t, state, 0, "verify", record, "--drive", image)
			})
		}
	}
}

// madeByOpenSSL makes what the last pass of a record wrote.
func madeByOpenSSL(t *testing.T, r patternRecord, size int64) []byte {
	t.Helper()
	p, pass := r.Predicate.Pattern, len(r.Predicate.Passes)
	if last := r.Predicate.Passes[pass-1].Pattern; last != p.Name || r.Predicate.Verdict != "PASS" {
		t.Fatalf("the last pass wrote %q, the pattern is %q, the verdict %s", last, p.Name, r.Predicate.Verdict)
	}
	if digits, ok := strings.CutPrefix(p.Name, "fixed-"); ok {
		repeated, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Repeat(repeated, int(size)/len(repeated)+1)[:size]
	}
	complement := strings.HasSuffix(p.Name, "-complement")
	if complement {
		pass--
	}
	out := keyedByOpenSSL(t, p.Seed, p.DriveDigest, pass, (size+511)/512)
	for i := range out {
		if complement {
			out[i] ^= 0xff
		}
	}
	return out[:size]
}

// keyedByOpenSSL makes the sectors of a keyed pass after the description at
// policy.Keyed.
func keyedByOpenSSL(t *testing.T, seed, digest string, pass int, sectors int64) []byte {
	t.Helper()
	key := func(info string) string {
		out := testtool.Run(t, "", "openssl", "kdf", "-keylen", "32", "-kdfopt", "digest:SHA256", "-kdfopt", "hexkey:"+seed,
			"-kdfopt", "hexsalt:"+digest, "-kdfopt", "info:panoscrub/pattern/v1 "+info, "HKDF")
		return strings.ReplaceAll(strings.TrimSpace(out), ":", "")
	}
	cipher := func(plain []byte, args ...string) []byte {
		in := writeTemp(t, t.TempDir(), "plain", plain)
		testtool.Run(t, "", "openssl", append(append([]string{"enc"}, args...), "-nopad", "-in", in, "-out", in+".enc")...)
		out, err := os.ReadFile(in + ".enc")
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	var labels []byte
	for s := range sectors {
		labels = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(labels, uint64(s)), uint64(pass))
	}
	tags := cipher(labels, "-aes-256-ecb", "-K", key("tag"))
	out := cipher(make([]byte, sectors*512), "-aes-256-ctr", "-K", key(fmt.Sprintf("stream pass %d", pass)), "-iv", strings.Repeat("0", 32))
	for s := range sectors {
		copy(out[s*512:], tags[s*16:][:16])
	}
	return out
}
