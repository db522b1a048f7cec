package rules

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/BurntSushi/toml"
)

//go:embed published.toml
var publishedText []byte

// KeyID is the SHA-256 of the DER of a public key's SubjectPublicKeyInfo.
type KeyID = [sha256.Size]byte

// Source publishes test keys with a program or a library, so that everybody has
// them.
type Source struct {
	Name  string  // of the program or the library
	Where string  // in its sources
	Keys  []KeyID // their public halves
}

// Published is the private keys that everybody has.
type Published struct {
	Sources []Source
	byKey   map[KeyID]string // names of sources
}

// Source names who publishes the private key to a public one; "" for nobody who
// is known.
func (p *Published) Source(id KeyID) string { return p.byKey[id] }

// published parses the built-in list once; a mistake in it is one in the program.
var published = sync.OnceValue(func() *Published {
	p, err := parsePublished(publishedText)
	if err != nil {
		panic(err)
	}
	return p
})

func parsePublished(text []byte) (*Published, error) {
	var file struct {
		Source []struct {
			Name, Where string
			Keys        []string
		}
	}
	meta, err := toml.Decode(string(text), &file)
	if err != nil {
		return nil, fmt.Errorf("published keys: %w", err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, fmt.Errorf("published keys: no such key: %s", unknown[0])
	}
	p := &Published{byKey: map[KeyID]string{}}
	for _, s := range file.Source {
		if err := p.add(s.Name, s.Where, s.Keys); err != nil {
			return nil, fmt.Errorf("published keys of %q: %w", s.Name, err)
		}
	}
	return p, nil
}

func (p *Published) add(name, where string, keys []string) error {
	if name == "" || where == "" || len(keys) == 0 {
		return errors.New("a source has a name, says where, and has keys")
	}
	s := Source{Name: name, Where: where}
	for _, digits := range keys {
		raw, err := hex.DecodeString(digits)
		if err != nil || len(raw) != sha256.Size {
			return fmt.Errorf("%q is not a SHA-256 in hex", digits)
		}
		id := KeyID(raw)
		if p.byKey[id] != "" {
			return fmt.Errorf("%s is there twice", digits)
		}
		p.byKey[id] = name
		s.Keys = append(s.Keys, id)
	}
	p.Sources = append(p.Sources, s)
	return nil
}

// Keys is how many keys are known.
func (p *Published) Keys() int { return len(p.byKey) }

// lines are what the digest of a set tells of the keys, in an order that is the
// same for the same keys.
func (p *Published) lines() (lines []string) {
	for _, id := range slices.SortedFunc(maps.Keys(p.byKey), func(a, b KeyID) int { return slices.Compare(a[:], b[:]) }) {
		lines = append(lines, fmt.Sprintf("%x %q\n", id, p.byKey[id]))
	}
	return lines
}
