package attest

import (
	"fmt"
	"reflect"
	"strings"
)

// CheckDriveDocument checks the identity document that stands beside a record: it
// must be, byte for byte, what the drive's subject digests, and say the same of
// the drive as the record does.
func CheckDriveDocument(s Statement, doc []byte) []Problem {
	var p problems
	want := s.DriveSubject().Digest.SHA256
	if digest := digestOf(doc); digest != want {
		p.add(CodeDriveDocument, "the identity document has the digest %s, the record's drive has %.80q", digest, want)
	}
	id, err := ParseIdentity(doc)
	if err != nil {
		return append(p, Problem{Code: CodeDriveDocument, Sentence: err.Error()})
	}
	beside, recorded := reflect.ValueOf(id), reflect.ValueOf(s.Predicate.Drive.Identity)
	for i := range beside.NumField() {
		a, b := beside.Field(i), recorded.Field(i)
		name, _, _ := strings.Cut(beside.Type().Field(i).Tag.Get("json"), ",")
		p.require(a.Equal(b), CodeDriveDocument, "the identity document says %s is %.80q, the record %.80q", name, fmt.Sprint(a), fmt.Sprint(b))
	}
	return p
}
