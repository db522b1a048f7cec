// Package policy says how a drive is overwritten and what proves it, as data: the
// passes, how much is read back, and whether the drive is given back with a file
// system. Package plan makes a plan of it.
//
// The built-in policies are in builtin.go. An operator's own is a small file, which
// [Parse] documents.
package policy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/panoscrub/panoscrub/internal/human"
)

// Schema names the version of the policy document.
const Schema = "panoscrub/policy/v1"

// Policy says how a drive is overwritten and how that is checked. Its JSON, encoded
// as [Policy.Canonical] does, is the policy document.
type Policy struct {
	Schema string    `json:"schema"` // Schema
	ID     string    `json:"id"`
	Title  string    `json:"title"`  // for people
	Own    bool      `json:"own"`    // an operator's, not built in
	Passes []Pattern `json:"passes"` // each over the whole drive, in this order
	// ReadBackPercent is how much of the drive is read back after the last pass:
	// 100 is every byte, and nothing less can come to a PASS.
	ReadBackPercent int `json:"readBackPercent"`
	// Reformat says that the drive is given back with a new, empty file system.
	Reformat bool `json:"format"`
}

// Last is the pattern that stands on the drive after the last pass.
func (p Policy) Last() Pattern {
	if len(p.Passes) == 0 {
		return ""
	}
	return p.Passes[len(p.Passes)-1]
}

// Sampled reports whether only a share of the drive is read back. What is not read
// is not proven, so that a run under such a policy ends INCOMPLETE at best.
func (p Policy) Sampled() bool { return p.ReadBackPercent < 100 }

// Canonical is the policy document, the bytes that Digest is of: two spaces of
// indent, the fields in the order of the struct, escapes for nothing but what is not
// printable, one newline at the end.
func (p Policy) Canonical() []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(p); err != nil {
		panic("policy: a policy of strings and integers always encodes: " + err.Error())
	}
	return human.JSON(b.Bytes()) // as package attest has it
}

// Digest is the SHA-256 of the canonical document, in lower-case hex.
func (p Policy) Digest() string {
	sum := sha256.Sum256(p.Canonical())
	return hex.EncodeToString(sum[:])
}

// UnknownError says that there is no policy of this ID.
type UnknownError struct {
	ID    string
	Known []string
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("there is no policy %.60q; known: %s", e.ID, strings.Join(e.Known, ", "))
}

// ByID returns the built-in policy of that ID, or an *[UnknownError].
func ByID(id string) (Policy, error) {
	all := Builtin()
	if i := slices.IndexFunc(all, func(p Policy) bool { return p.ID == id }); i >= 0 {
		return all[i], nil
	}
	return Policy{}, &UnknownError{ID: id, Known: IDs()}
}

// IDs returns what --policy takes, the default first.
func IDs() (ids []string) {
	for _, p := range Builtin() {
		ids = append(ids, p.ID)
	}
	return ids
}
