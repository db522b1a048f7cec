package scan

import (
	"bytes"
	"encoding/json"
	"iter"
	"slices"

	"github.com/panoscrub/panoscrub/internal/rules"
)

// networkKeys are the members that network configuration of an appliance has
// (public API NetworkPayload, and the earlier internal model of the service).
var networkKeys = []string{
	"Ethernet0", "Ethernet1", "ConnectionType", "StaticIpConnectionInfo", "Ntp", "NtpServers",
	"Wifi", "Ssid", "PassCode", "SecurityType", "Ssh",
}

// Bytes around a candidate that are read: the documents are far smaller.
const (
	networkBack  = 4 << 10
	networkAhead = 12 << 10
)

// confirmNetwork reports the JSON document around a candidate when at least two
// of the keys stand in it. It is the worse for a password in it, which is looked
// for and never taken along.
func confirmNetwork(c *checker, r *rules.Rule, v *view, pos int64) {
	if !c.try(r, maxSlowTries) {
		return
	}
	text, here := v.around(pos, networkBack, networkAhead)
	start, end := documentAround(text, here, func() bool { return c.try(r, maxSlowTries) })
	doc := text[start:end]
	var found []string
	for _, k := range networkKeys {
		if len(valueOf(doc, k)) > 0 {
			found = append(found, k)
		}
	}
	wifi := hasTextIn(doc, "PassCode")
	ssh := slices.Contains(found, "Ssh") && hasTextIn(doc, "Password")
	if len(found) < 2 && !ssh || isModel(doc, found) {
		return
	}
	s := sighting{rule: r, length: int64(len(doc)), hint: networkHint(wifi, ssh)}
	if wifi || ssh {
		s.severity = High
	}
	c.report(v, pos-int64(here-start), s)
}

// isModel reports whether doc describes the API, as every SDK has it: a key has a
// shape there, and no value.
func isModel(doc []byte, keys []string) bool {
	return slices.ContainsFunc(keys, func(key string) bool {
		inner, ok := bytes.CutPrefix(valueOf(doc, key), []byte("{"))
		return ok && bytes.HasPrefix(bytes.TrimLeft(inner, " \t\r\n"), []byte(`"shape"`))
	})
}

func networkHint(wifi, ssh bool) string {
	switch {
	case wifi && ssh:
		return "network configuration with a Wi-Fi and an SSH password"
	case wifi:
		return "network configuration with a Wi-Fi password"
	case ssh:
		return "network configuration with an SSH password"
	}
	return "network configuration without passwords"
}

// documentAround finds the JSON object that text[here] lies in: the outermost
// one that is whole, else all that looks like text from the outermost brace on.
func documentAround(text []byte, here int, try func() bool) (start, end int) {
	braces := openBraces(text, here)
	for _, at := range braces {
		if !try() {
			break
		}
		var doc json.RawMessage
		d := json.NewDecoder(bytes.NewReader(text[at:]))
		if d.Decode(&doc) == nil && at+int(d.InputOffset()) > here {
			return at, at + int(d.InputOffset())
		}
	}
	start, end = here, here
	if len(braces) > 0 {
		start = braces[0]
	}
	for end < len(text) && plainText(text[end]) {
		end++
	}
	return start, end
}

// maxBraces is how many enclosing objects are tried: the documents nest four deep.
const maxBraces = 8

// openBraces returns where the braces stand that are open at here, outermost
// first, as far back as there is nothing but text.
func openBraces(text []byte, here int) (open []int) {
	closed := 0
	for i := here - 1; i >= 0 && len(open) < maxBraces && plainText(text[i]); i-- {
		switch {
		case text[i] == '}':
			closed++
		case text[i] == '{' && closed > 0:
			closed--
		case text[i] == '{':
			open = append(open, i)
		}
	}
	slices.Reverse(open)
	return open
}

func plainText(c byte) bool { return c >= ' ' && c != 0x7F || c == '\n' || c == '\r' || c == '\t' }

// valueOf returns what follows the first `"name":` in doc, quotes and brackets
// included; nothing when there is no such key. The quotes may be escaped, as in
// JSON that is kept in a string.
func valueOf(doc []byte, name string) []byte {
	for value := range valuesOf(doc, name) {
		return value
	}
	return nil
}

// hasTextIn reports whether any key of the name has text for its value: of two
// networks, one may be open.
func hasTextIn(doc []byte, name string) bool {
	for value := range valuesOf(doc, name) {
		if hasText(value) {
			return true
		}
	}
	return false
}

// valuesOf returns what follows each `"name":` in doc.
func valuesOf(doc []byte, name string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for {
			_, rest, ok := bytes.Cut(doc, []byte(`"`+name))
			if !ok {
				return
			}
			doc = rest
			rest, ok = bytes.CutPrefix(bytes.TrimPrefix(rest, []byte(`\`)), []byte(`"`))
			if !ok {
				continue
			}
			if value, ok := bytes.CutPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(":")); ok {
				if !yield(bytes.TrimLeft(value, " \t\r\n")) {
					return
				}
			}
		}
	}
}

// hasText reports whether a value is a string that is not empty.
func hasText(value []byte) bool {
	text, ok := bytes.CutPrefix(bytes.TrimPrefix(value, []byte(`\`)), []byte(`"`))
	return ok && len(text) > 0 && text[0] != '"' && text[0] != '\\'
}
