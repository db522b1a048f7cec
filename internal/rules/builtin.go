package rules

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"sync"
)

//go:embed builtin.toml
var builtinText []byte

// IDs of built-in rules that a scan knows more of than their rule says.
const (
	Archive       = "configuration-archive"
	PrivateKey    = "private-key"
	KeyStore      = "key-store"
	Certificate   = "certificate"
	Authority     = "authority-certificate"
	Network       = "network-configuration"
	ProvisionLog  = "provisioning-log"
	EgressImage   = "log-egress-image"
	ManagedLogs   = "managed-logs-folder"
	ArchiveName   = "archive-name"
	CloudKey      = "aws-access-key"
	ProvisionName = "provisioning-name"
)

// builtin parses the built-in rules once; a mistake in them is one in the program.
var builtin = sync.OnceValues(func() ([]*Rule, string) {
	rules, version, err := parse(builtinText)
	if err != nil {
		panic(err)
	}
	return rules, version
})

// Builtin is the built-in rules.
func Builtin() *Set {
	set, _ := With(nil)
	return set
}

// With is the built-in rules and an operator's own behind them. Its error wraps
// [ErrInvalid] when two have one ID.
func With(own []*Rule) (*Set, error) {
	rules, version := builtin()
	set := &Set{Rules: rules[:len(rules):len(rules)], Published: published()}
	for _, r := range own {
		if set.Get(r.ID) != nil {
			return nil, fmt.Errorf("%w: there is a rule %q already", ErrInvalid, r.ID)
		}
		set.Rules = append(set.Rules, r)
	}
	set.index()
	set.Digest = version + " sha256:" + digest(set)
	return set, nil
}

// digest is the start of the digest of all that a set says.
func digest(set *Set) string {
	sum := sha256.New()
	for _, r := range set.Rules {
		fmt.Fprintf(sum, "%q %q %q %q %q %q\n", r.ID, r.Class, r.Severity, r.What, r.Advice, r.Hint)
		fmt.Fprintf(sum, "%q %q %q %q %q %v %v\n", r.Text, r.Bytes, r.Confirm, r.FoundBy, r.Samples, r.Background, r.Own)
		for _, n := range r.Names {
			fmt.Fprintf(sum, "%q %v %v %v\n", n.form, n.path, n.folder, n.cut)
		}
		if r.Pattern != nil {
			fmt.Fprintf(sum, "%q\n", r.Pattern)
		}
	}
	for _, line := range set.Published.lines() {
		fmt.Fprint(sum, line)
	}
	return hex.EncodeToString(sum.Sum(nil))[:16]
}
