package verify

import (
	"bytes"
	"crypto/aes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"
)

// spec is the pattern that most tests use.
func spec(pass, passes int) Spec {
	seed, digest := sha256.Sum256([]byte("a seed")), sha256.Sum256([]byte("a drive"))
	return Spec{Seed: seed[:], DriveDigest: digest[:], Pass: pass, Passes: slices.Repeat([]string{nameKeyed}, passes), Percent: 100}
}

// bytesOf makes the bytes at off block by block, as plain as the description at
// policy.Keyed can be followed.
func bytesOf(t testing.TB, s Spec, pass int, off, length int64) []byte {
	t.Helper()
	derive := func(info string) []byte {
		key, err := hkdf.Key(sha256.New, s.Seed, s.DriveDigest, info, 32)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	body, err := aes.NewCipher(derive(fmt.Sprintf("panoscrub/pattern/v1 stream pass %d", pass)))
	if err != nil {
		t.Fatal(err)
	}
	tags, err := aes.NewCipher(derive("panoscrub/pattern/v1 tag"))
	if err != nil {
		t.Fatal(err)
	}
	first := off / 16
	var out []byte
	for i := first; int64(len(out)) < off+length-16*first; i++ {
		var in, made [16]byte
		if i%32 == 0 {
			binary.BigEndian.PutUint64(in[:], uint64(i/32))
			binary.BigEndian.PutUint64(in[8:], uint64(pass))
			tags.Encrypt(made[:], in[:])
		} else {
			binary.BigEndian.PutUint64(in[8:], uint64(i))
			body.Encrypt(made[:], in[:])
		}
		out = append(out, made[:]...)
	}
	return out[off-16*first:][:length]
}

type vectorCase struct {
	Seed, DriveDigest string
	Vectors           []struct {
		Pass        int
		OffsetBytes int64
		LengthBytes int64
		Hex, SHA256 string
	}
	Patterns []struct {
		Passes      []string
		OffsetBytes int64
		Hex         string
	}
}

func readVectors(t *testing.T) (cases []vectorCase) {
	t.Helper()
	data, err := os.ReadFile("../../testdata/vectors/pattern.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []vectorCase }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) == 0 {
		t.Fatal("there are no vectors")
	}
	return file.Cases
}

func mustHex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestVectors holds the reader against the vectors of another implementation,
// and the tests' own pattern with it.
func TestVectors(t *testing.T) {
	for _, c := range readVectors(t) {
		for _, v := range c.Vectors {
			s := Spec{Seed: mustHex(t, c.Seed), DriveDigest: mustHex(t, c.DriveDigest), Pass: v.Pass, Passes: slices.Repeat([]string{nameKeyed}, 10), Percent: 100}
			want := mustHex(t, v.Hex)
			if v.SHA256 != "" {
				want = bytesOf(t, s, v.Pass, v.OffsetBytes, v.LengthBytes)
				if sum := sha256.Sum256(want); hex.EncodeToString(sum[:]) != v.SHA256 {
					t.Errorf("the tests' pattern of pass %d at %d is not that of the vector", v.Pass, v.OffsetBytes)
				}
			}
			if !bytes.Equal(want, bytesOf(t, s, v.Pass, v.OffsetBytes, v.LengthBytes)) {
				t.Errorf("the tests' pattern of pass %d at %d is not that of the vector", v.Pass, v.OffsetBytes)
			}
			if r := judged(t, s, want, v.OffsetBytes); r.Matched != v.LengthBytes || r.Mismatches != nil {
				t.Errorf("%d bytes of pass %d at %d: %+v", v.LengthBytes, v.Pass, v.OffsetBytes, r)
			}
			want[len(want)/2] ^= 0x10
			if r := judged(t, s, want, v.OffsetBytes); r.Mismatches == nil {
				t.Errorf("%d bytes of pass %d at %d matched after one bit had changed", v.LengthBytes, v.Pass, v.OffsetBytes)
			}
		}
	}
}

// judged looks at bytes at an offset of a drive as large as drives can be.
func judged(t testing.TB, s Spec, got []byte, off int64) (r Report) {
	t.Helper()
	x, err := newExpectation(s)
	if err != nil {
		t.Fatal(err)
	}
	j := newJudge(x, 1<<62, &r)
	j.look(got, off)
	r.Mismatches = j.mismatches()
	return r
}
