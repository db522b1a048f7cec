package scan

import (
	"bytes"
	"regexp"
	"strings"
)

const (
	deviceIDPrefix = "device-"
	deviceIDChars  = 26 // of lower-case base32: 16 random bytes
	exampleAccount = "123456789012"
	exampleThing   = "panorama_my-appliance_Thing_a01e373b"
	maxIdentifier  = 400
)

// confirmDeviceID reports IDs as the service makes them. Those that its
// documentation shows have "xmpl" in them.
func confirmDeviceID(c *checker, r *rule, v *view, pos int64) {
	text, here := v.around(pos, 1, len(deviceIDPrefix)+deviceIDChars+1)
	if here > 0 && wordChar(text[here-1]) {
		return
	}
	id := deviceIDAt(text[here:])
	if id == "" {
		return
	}
	c.report(v, pos, sighting{
		rule: r, length: int64(len(id)), value: id, hint: "device ID",
		sample: strings.Contains(id, "xmpl"), names: Appliance{DeviceID: id},
	})
}

// deviceIDAt returns the device ID at the start of text, or "".
func deviceIDAt(text []byte) string {
	rest, ok := bytes.CutPrefix(text, []byte(deviceIDPrefix))
	if !ok || len(rest) < deviceIDChars || len(rest) > deviceIDChars && wordChar(rest[deviceIDChars]) {
		return ""
	}
	for _, c := range rest[:deviceIDChars] {
		if !('a' <= c && c <= 'z' || '2' <= c && c <= '7') {
			return ""
		}
	}
	return string(text[:len(deviceIDPrefix)+deviceIDChars])
}

var thingName = regexp.MustCompile(`\bpanorama_([A-Za-z0-9_-]{1,120})_Thing_[0-9a-f]{8}\b`)

// confirmThing reports names of things as the service gives them to appliances:
// the device's name stands in them.
func confirmThing(c *checker, r *rule, v *view, pos int64) {
	text, here := v.around(pos, 132, 32)
	m := lastCovering(thingName, text, here)
	if m == nil {
		return
	}
	name := string(text[m[0]:m[1]])
	c.report(v, pos-int64(here-m[0]), sighting{
		rule: r, length: int64(len(name)), value: name, hint: "name of the appliance in AWS IoT",
		sample: name == exampleThing, names: Appliance{DeviceName: string(text[m[2]:m[3]])},
	})
}

var (
	panoramaARN = regexp.MustCompile(`\barn:aws(?:-[a-z-]+)?:panorama:[a-z]{2}(?:-[a-z]+)+-\d:\d{12}:[A-Za-z]+/[A-Za-z0-9_.-]{1,255}`)
	thingARN    = regexp.MustCompile(`\barn:aws(?:-[a-z-]+)?:iot:[a-z0-9-]+:\d{12}:thing/[Pp]anorama[A-Za-z0-9:_-]{0,255}`)
)

// confirmARN reports Amazon Resource Names of the service, with the number of
// the account in them.
func confirmARN(c *checker, r *rule, v *view, pos int64) {
	confirmName(c, r, v, pos, panoramaARN, "ARN of an AWS Panorama resource, with the account's number")
}

// confirmThingARN reports those of appliances in AWS IoT.
func confirmThingARN(c *checker, r *rule, v *view, pos int64) {
	confirmName(c, r, v, pos, thingARN, "ARN of the appliance in AWS IoT, with the account's number")
}

func confirmName(c *checker, r *rule, v *view, pos int64, form *regexp.Regexp, hint string) {
	text, here := v.around(pos, 100, maxIdentifier)
	m := lastCovering(form, text, here)
	if m == nil {
		return
	}
	arn := string(text[m[0]:m[1]])
	s := sighting{
		rule: r, length: int64(len(arn)), value: arn, hint: hint,
		sample: strings.Contains(arn, exampleAccount) || strings.Contains(arn, "xmpl"),
	}
	if _, id, ok := strings.Cut(arn, ":device/"); ok {
		s.names.DeviceID = deviceIDAt([]byte(id))
	}
	if m := thingName.FindStringSubmatch(arn); m != nil {
		s.names.DeviceName = m[1]
	}
	c.report(v, pos-int64(here-m[0]), s)
}

// lastCovering returns the last match of form that covers text[here].
func lastCovering(form *regexp.Regexp, text []byte, here int) []int {
	for from := 0; from <= here; {
		m := form.FindSubmatchIndex(text[from:])
		if m == nil || from+m[0] > here {
			return nil
		}
		for i := range m {
			m[i] += from
		}
		if m[1] > here {
			return m
		}
		from = m[1]
	}
	return nil
}
