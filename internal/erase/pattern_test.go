package erase

import (
	"bytes"
	"crypto/aes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/panoscrub/panoscrub/internal/block"
	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/plan"
	"github.com/panoscrub/panoscrub/internal/policy"
)

// planFor is a plan of some keyed passes and a read-back.
func planFor(size int64, passes int) plan.Plan {
	return planOf(size, slices.Repeat([]policy.Pattern{policy.Keyed}, passes)...)
}

// planOf is a plan of some passes and a read-back.
func planOf(size int64, passes ...policy.Pattern) plan.Plan {
	seed, digest := sha256.Sum256([]byte("a seed")), sha256.Sum256([]byte("a drive"))
	return plan.Plan{
		Seed:   hex.EncodeToString(seed[:]),
		Target: plan.Target{IdentityDigest: hex.EncodeToString(digest[:]), SizeBytes: size, SectorBytes: 512, Kind: drive.KindUSB},
		Policy: policy.Policy{Passes: passes, ReadBackPercent: 100},
	}
}

// pattern makes the bytes of a pass from the drive's start on, as plain as the
// descriptions in package policy can be followed.
func pattern(t testing.TB, p plan.Plan, pass int, length int64) []byte {
	t.Helper()
	switch name := p.Passes[pass-1]; name {
	case policy.Keyed:
		return keyStream(t, p, pass, length)
	case policy.Complement:
		out := keyStream(t, p, pass-1, length)
		for i := range out {
			out[i] = ^out[i]
		}
		return out
	default:
		repeated := mustHex(t, strings.TrimPrefix(string(name), "fixed-"))
		return bytes.Repeat(repeated, int(length)/len(repeated)+1)[:length]
	}
}

// keyStream makes the bytes of a keyed pass, block by block.
func keyStream(t testing.TB, p plan.Plan, pass int, length int64) []byte {
	t.Helper()
	seed, digest := mustHex(t, p.Seed), mustHex(t, p.Target.IdentityDigest)
	streamKey, err1 := hkdf.Key(sha256.New, seed, digest, fmt.Sprintf("panoscrub/pattern/v1 stream pass %d", pass), 32)
	tagKey, err2 := hkdf.Key(sha256.New, seed, digest, "panoscrub/pattern/v1 tag", 32)
	stream, err3 := aes.NewCipher(streamKey)
	tags, err4 := aes.NewCipher(tagKey)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	out := make([]byte, (length+511)/512*512)
	for i := 0; i < len(out); i += 16 {
		var in [16]byte
		if i%512 == 0 {
			binary.BigEndian.PutUint64(in[:], uint64(i/512))
			binary.BigEndian.PutUint64(in[8:], uint64(pass))
			tags.Encrypt(out[i:], in[:])
			continue
		}
		binary.BigEndian.PutUint64(in[8:], uint64(i/16))
		stream.Encrypt(out[i:], in[:])
	}
	return out[:length]
}

func mustHex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func mustKeyed(t testing.TB, p plan.Plan, pass int) *keyed {
	t.Helper()
	g, err := newKeyed(p, pass)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestVectors holds the writer against the vectors of another implementation.
func TestVectors(t *testing.T) {
	data, err := os.ReadFile("../../testdata/vectors/pattern.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Seed, DriveDigest string
			Vectors           []struct {
				Pass        int
				OffsetBytes int64
				LengthBytes int64
				Hex, SHA256 string
			}
			Patterns []struct {
				Passes      []policy.Pattern
				OffsetBytes int64
				Hex         string
			}
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, c := range file.Cases {
		for _, v := range c.Vectors {
			p := plan.Plan{Seed: c.Seed, Target: plan.Target{IdentityDigest: c.DriveDigest}}
			got := bytes.Repeat([]byte{0xff}, int(v.LengthBytes))
			mustKeyed(t, p, v.Pass).fill(got, v.OffsetBytes)
			sum := sha256.Sum256(got)
			if hex.EncodeToString(got) != v.Hex && hex.EncodeToString(sum[:]) != v.SHA256 {
				t.Errorf("%d bytes of pass %d at %d are not those of the vector", v.LengthBytes, v.Pass, v.OffsetBytes)
			}
			tried++
		}
		for _, v := range c.Patterns {
			p := plan.Plan{Seed: c.Seed, Target: plan.Target{IdentityDigest: c.DriveDigest}, Policy: policy.Policy{Passes: v.Passes}}
			g, err := newGenerator(p, len(v.Passes))
			if err != nil {
				t.Fatal(err)
			}
			got := make([]byte, len(v.Hex)/2)
			if g.fill(got, v.OffsetBytes); hex.EncodeToString(got) != v.Hex {
				t.Errorf("%d bytes of %v at %d are not those of the vector", len(got), v.Passes, v.OffsetBytes)
			}
			tried++
		}
	}
	if tried < 60 {
		t.Errorf("only %d vectors were tried", tried)
	}
}

// TestFillIsSeekable wants the same bytes in one go, piece after piece, and from
// any sector on.
func TestFillIsSeekable(t *testing.T) {
	p := planOf(1<<20, policy.Keyed, policy.Keyed, policy.Complement, policy.Fixed(1, 2, 3))
	for pass := range p.Passes {
		g, err := newGenerator(p, pass+1)
		if err != nil {
			t.Fatal(err)
		}
		seekable(t, g, pattern(t, p, pass+1, 300_000))
	}
}

func seekable(t *testing.T, g generator, want []byte) {
	t.Helper()
	got := make([]byte, len(want))
	for off := 0; off < len(got); off += 512 * 37 {
		g.fill(got[off:min(off+512*37, len(got))], int64(off))
	}
	if !bytes.Equal(got, want) {
		t.Error("piece after piece is not the pattern")
	}
	for _, off := range []int64{512 * 500, 0, 512, 512 * 77} {
		got := make([]byte, 5000)
		if g.fill(got, off); !bytes.Equal(got, want[off:][:5000]) {
			t.Errorf("the bytes from %d on are not the pattern", off)
		}
	}
}

func TestFillAllocatesNothing(t *testing.T) {
	p := planOf(1<<40, policy.Keyed, policy.Complement, policy.Fixed(1, 2, 3))
	for pass := range p.Passes {
		g, err := newGenerator(p, pass+1)
		if err != nil {
			t.Fatal(err)
		}
		buf, off := make([]byte, 1<<20), int64(1<<20)
		g.fill(buf, 0)
		if n := testing.AllocsPerRun(20, func() {
			g.fill(buf, off)
			off += int64(len(buf))
		}); n != 0 {
			t.Errorf("pass %d: %v allocations for 1 MiB", pass+1, n)
		}
	}
}

func TestGeneratorWantsSeedAndDigest(t *testing.T) {
	for name, spoil := range map[string]func(*plan.Plan){
		"no seed":      func(p *plan.Plan) { p.Seed = "" },
		"short seed":   func(p *plan.Plan) { p.Seed = p.Seed[2:] },
		"not hex":      func(p *plan.Plan) { p.Seed = "zz" + p.Seed[2:] },
		"no digest":    func(p *plan.Plan) { p.Target.IdentityDigest = "" },
		"short digest": func(p *plan.Plan) { p.Target.IdentityDigest = p.Target.IdentityDigest[2:] },
	} {
		p := planFor(512, 1)
		spoil(&p)
		if _, err := newGenerator(p, 1); !errors.Is(err, ErrPlan) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	p := planOf(1<<62, policy.Keyed, policy.Complement, policy.Fixed(0x92, 0x49, 0x24))
	for i, pattern := range p.Passes {
		b.Run(string(pattern), func(b *testing.B) {
			g, err := newGenerator(p, i+1)
			if err != nil {
				b.Fatal(err)
			}
			buf, off := make([]byte, chunkBytes), int64(0)
			b.SetBytes(chunkBytes)
			b.ReportAllocs()
			for b.Loop() {
				g.fill(buf, off)
				off += chunkBytes
			}
		})
	}
}

// image is a disk image of which every block is there already.
func image(b *testing.B, size int64) block.Device {
	b.Helper()
	path := filepath.Join(b.TempDir(), "drive.img")
	if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
		b.Fatal(err)
	}
	dev, err := block.OpenImage(path, block.ReadWrite)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { dev.Close() })
	// What the host still has to write would be measured with the rest.
	if err := dev.Sync(); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size)
	b.ReportAllocs()
	return dev
}

func BenchmarkOverwrite(b *testing.B) {
	dev := image(b, 1<<30)
	for b.Loop() {
		if pass, err := Overwrite(b.Context(), dev, planFor(dev.Size(), 1), 1, nil, nil); err != nil || !pass.Complete {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadBack(b *testing.B) {
	dev := image(b, 1<<30)
	p := planFor(dev.Size(), 1)
	if _, err := Overwrite(b.Context(), dev, p, 1, nil, nil); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if report, err := ReadBack(b.Context(), dev, p, nil); err != nil || !report.OK() {
			b.Fatal(err, report)
		}
	}
}
