package drive

import "testing"

func TestPortAndLink(t *testing.T) {
	for _, c := range []struct {
		at         Attachment
		port, link string
	}{
		{Attachment{}, "", ""},
		{Attachment{PortPath: "2-1", SpeedMbps: "5000"}, "port 1, bus 2", "5 Gbit/s, USB 3"},
		{Attachment{PortPath: "2-1.4", SpeedMbps: "480"}, "port 4 of the hub at port 1, bus 2", "480 Mbit/s, USB 2"},
		{Attachment{PortPath: "12-1.4.10", SpeedMbps: "1.5"}, "port 10 of the hub at port 4 of the hub at port 1, bus 12", "1.5 Mbit/s, USB 1"},
		{Attachment{PortPath: "1-2", SpeedMbps: "20000"}, "port 2, bus 1", "20 Gbit/s, USB 3"},
		{Attachment{PortPath: "usb1", SpeedMbps: "unknown"}, "", "unknown Mbit/s"},
		{Attachment{PortPath: "1-\x1b[2J", SpeedMbps: "\n"}, `port \x1b[2J, bus 1`, `\x0a Mbit/s`},
	} {
		if port, link := c.at.Port(), c.at.Link(); port != c.port || link != c.link {
			t.Errorf("%+v: got %q at %q, want %q at %q", c.at, port, link, c.port, c.link)
		}
	}
}

func TestByNameOnly(t *testing.T) {
	for _, c := range []struct {
		kind Kind
		form Form
		want bool
	}{
		{KindUSB, FormStick, false},
		{KindUSB, FormCard, false},
		{KindUSB, FormCardReader, false},
		{KindUSB, FormDisk, true},
		{KindUSB, "", true}, // not known to be a stick
		{KindSD, FormSD, false},
		{KindImage, "", false},
		{KindLoop, "", false},
	} {
		if got := (Drive{Identity: Identity{Kind: c.kind}, Attachment: Attachment{Form: c.form}}).ByNameOnly(); got != c.want {
			t.Errorf("%s, %q: %v", c.kind, c.form, got)
		}
	}
}
