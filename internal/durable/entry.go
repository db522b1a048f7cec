package durable

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"
)

// Entry is one thing that a journal tells.
type Entry struct {
	At   time.Time       `json:"at"`
	Kind string          `json:"kind"`
	Data json.RawMessage `json:"data"`
}

// ErrDamaged says that a journal is damaged elsewhere than at its end, where a
// power cut damages. Its file is left as it is.
var ErrDamaged = errors.New("the journal is damaged")

// A line of a journal is the entry's JSON with one field more at its end:
//
//	{"at":…,"kind":…,"data":…,"sum":"0123456789abcdef"}
//
// The sum is the start of SHA-256 over the sum of the line before (for the first
// line: the certificate's ID) and the entry's JSON without the sum. A line that
// is torn, changed, moved or left out does not fit.
const (
	sumStart = `,"sum":"`
	sumEnd   = `"}`
	sumBytes = 8
)

// encode makes the line of an entry.
func (e Entry) encode(before string) (line []byte, sum string, err error) {
	body, err := json.Marshal(e)
	if err != nil {
		return nil, "", err
	}
	sum = chain(before, body)
	line = append(body[:len(body)-1], sumStart+sum+sumEnd+"\n"...)
	return line, sum, nil
}

var errLine = errors.New("not an intact line of a journal")

// decode reads a line without its end.
func decode(before string, line []byte) (e Entry, sum string, err error) {
	cut := len(line) - len(sumStart) - 2*sumBytes - len(sumEnd)
	if cut < 0 {
		return Entry{}, "", errLine
	}
	body := append(bytes.Clone(line[:cut]), '}')
	sum = chain(before, body)
	if string(line[cut:]) != sumStart+sum+sumEnd {
		return Entry{}, "", errLine
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return Entry{}, "", errLine
	}
	return e, sum, nil
}

func chain(before string, body []byte) string {
	h := sha256.New()
	h.Write([]byte(before))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil)[:sumBytes])
}

// replay reads a journal's contents. An append that did not end leaves a rest
// without a line end, or with one as its last byte where it was written over a
// longer one that had failed; such a rest is dropped. With any other rest it
// returns the number of the line that is wrong.
func replay(id string, data []byte) (entries []Entry, wrongLine int) {
	sum := id
	for len(data) > 0 {
		line, rest, whole := bytes.Cut(data, []byte("\n"))
		e, next, err := decode(sum, line)
		if !whole || err != nil {
			if len(rest) > 0 {
				return entries, len(entries) + 1
			}
			return entries, 0
		}
		entries, sum, data = append(entries, e), next, rest
	}
	return entries, 0
}
