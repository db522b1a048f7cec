package envelope

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Parse reads an envelope document: exactly one JSON object of at most
// [MaxBytes] in UTF-8, in which no field that counts is there twice. Field names
// are case-sensitive, unknown fields are ignored, base64 is padded and of either
// alphabet, all as DSSE says.
//
// The error wraps [ErrEnvelope] or [ErrBase64]. That an envelope parses says
// nothing about who made it.
func Parse(data []byte) (Envelope, error) {
	if len(data) > MaxBytes {
		return Envelope{}, fmt.Errorf("%w: %w", ErrEnvelope, ErrTooLarge)
	}
	// json.Valid insists on one value, with nothing but white space around it.
	if !utf8.Valid(data) || !json.Valid(data) {
		return Envelope{}, fmt.Errorf("%w: not one JSON document in UTF-8", ErrEnvelope)
	}
	fields, err := object(data)
	if err != nil {
		return Envelope{}, err
	}
	var env Envelope
	if env.PayloadType, err = fields.text("payloadType", required); err != nil {
		return Envelope{}, err
	}
	if env.Payload, err = fields.base64("payload"); err != nil {
		return Envelope{}, err
	}
	env.Signatures, err = signatures(fields["signatures"])
	return env, err
}

// signatures reads the list of signatures. One that is missing is an empty one:
// DSSE lets empty fields be left out.
func signatures(list json.RawMessage) ([]Signature, error) {
	if list == nil {
		return nil, nil
	}
	var items []json.RawMessage
	if list[0] != '[' || json.Unmarshal(list, &items) != nil {
		return nil, fmt.Errorf("%w: its signatures are not a list", ErrEnvelope)
	}
	if len(items) > maxSignatures {
		return nil, fmt.Errorf("%w: %d signatures, where at most %d are looked at", ErrEnvelope, len(items), maxSignatures)
	}
	out := make([]Signature, 0, len(items))
	for i, item := range items {
		s, err := signature(item)
		if err != nil {
			return nil, fmt.Errorf("signature %d: %w", i+1, err)
		}
		out = append(out, s)
	}
	return out, nil
}

func signature(item json.RawMessage) (s Signature, err error) {
	fields, err := object(item)
	if err != nil {
		return s, err
	}
	id, err := fields.text("keyid", optional)
	if err != nil {
		return s, err
	}
	s.KeyID = KeyID(id)
	s.Sig, err = fields.base64("sig")
	return s, err
}

// members are the fields of one JSON object under their exact names.
// encoding/json alone would also take "PAYLOAD" for "payload", and of two equal
// fields the last: two readers could then see two documents in one.
type members map[string]json.RawMessage

// object reads a JSON value that is known to be valid.
func object(value json.RawMessage) (members, error) {
	dec := json.NewDecoder(bytes.NewReader(value))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("%w: not a JSON object", ErrEnvelope)
	}
	fields := members{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrEnvelope, err)
		}
		name, _ := key.(string)
		if _, twice := fields[name]; twice {
			return nil, fmt.Errorf("%w: the field %.80q is there twice", ErrEnvelope, name)
		}
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrEnvelope, err)
		}
		fields[name] = v
	}
	return fields, nil
}

type presence bool

const (
	required presence = true
	optional presence = false
)

func (m members) text(name string, must presence) (string, error) {
	value, there := m[name]
	if !there && must == optional {
		return "", nil
	}
	var s string
	if !there || value[0] != '"' || json.Unmarshal(value, &s) != nil {
		return "", fmt.Errorf("%w: it has no text %q", ErrEnvelope, name)
	}
	return s, nil
}

// base64 reads a required field. Line breaks, which Go's decoder skips, are
// refused like every other character outside the alphabet.
func (m members) base64(name string) ([]byte, error) {
	text, err := m.text(name, required)
	if err != nil {
		return nil, err
	}
	if !strings.ContainsAny(text, "\r\n") {
		for _, alphabet := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			if b, err := alphabet.Strict().DecodeString(text); err == nil {
				return b, nil
			}
		}
	}
	return nil, fmt.Errorf("%w: the field %q", ErrBase64, name)
}
