package plan

import (
	"fmt"

	"github.com/panoscrub/panoscrub/internal/drive"
	"github.com/panoscrub/panoscrub/internal/human"
)

// Speed is how fast a drive is; 0 means not known.
type Speed struct {
	ReadBytesPerSecond  int64
	WriteBytesPerSecond int64
	Source              string // in words: where the numbers come from
}

// Estimate is how long the plan will take, roughly.
type Estimate struct {
	WriteSeconds int64  `json:"writeSeconds"` // of one pass
	ReadSeconds  int64  `json:"readSeconds"`  // of the read-back
	Seconds      int64  `json:"seconds"`      // of everything
	Basis        string `json:"basis"`        // in words: the speeds, and whether measured
}

const mega = 1_000_000

// AssumedSpeed is what can be said about a drive's speed before anything was
// measured: by its USB link, because nothing else about a stick tells. Published
// measurements of sticks spread widely around these: behind USB 2 they write at
// 2.6 to 30 MB/s, and thirty-one USB 3 sticks wrote at 11 to 220 MB/s, most below
// 150 (Tom's Hardware; f3's users).
func AssumedSpeed(d drive.Drive) Speed {
	link := d.Attachment.SpeedMbps
	assumed := func(write, read int64, what string) Speed {
		return Speed{ReadBytesPerSecond: read, WriteBytesPerSecond: write, Source: "assumed for " + what}
	}
	usb := func() string { return fmt.Sprintf("a USB link of %s Mbit/s", human.Safe(link)) }
	switch {
	case d.Identity.Kind == drive.KindImage || d.Identity.Kind == drive.KindLoop:
		return assumed(400*mega, 800*mega, "a file on this computer")
	case link == "1.5" || link == "12":
		return assumed(mega, mega, usb())
	case link == "480":
		return assumed(25*mega, 35*mega, usb())
	case link == "5000":
		return assumed(60*mega, 120*mega, usb())
	case link == "10000" || link == "20000":
		return assumed(100*mega, 200*mega, usb())
	default:
		return assumed(25*mega, 35*mega, "a drive behind an unknown link")
	}
}

// completed fills in from assumed what s does not know. What is assumed gives way
// to what was measured: hardly any stick writes faster than it reads.
func (s Speed) completed(assumed Speed) (read, write rate) {
	measured := s.Source
	if measured == "" {
		measured = "measured"
	}
	read, write = rate{s.ReadBytesPerSecond, measured}, rate{s.WriteBytesPerSecond, measured}
	if write.perSecond == 0 {
		write = rate{assumed.WriteBytesPerSecond, assumed.Source}
		if read.perSecond > 0 {
			write.perSecond = min(write.perSecond, read.perSecond)
		}
	}
	if read.perSecond == 0 {
		read = rate{max(assumed.ReadBytesPerSecond, write.perSecond), assumed.Source}
	}
	return read, write
}

// rate is a speed in one direction.
type rate struct {
	perSecond int64
	source    string
}

func (r rate) seconds(bytes int64) int64 { return (bytes-1)/r.perSecond + 1 }

// share is a percentage of some bytes, rounded up.
func share(bytes int64, percent int) int64 {
	return bytes/100*int64(percent) + (bytes%100*int64(percent)+99)/100
}

func estimate(p Plan, read, write rate) Estimate {
	size := p.Target.SizeBytes
	e := Estimate{WriteSeconds: write.seconds(size)}
	e.Seconds = e.WriteSeconds * int64(len(p.Passes))
	if written := p.written(); written > 0 {
		e.Seconds -= written / write.perSecond
	}
	writing, reading := "writing at "+human.Rate(write.perSecond), "reading at "+human.Rate(read.perSecond)
	if read.source == write.source {
		e.Basis = fmt.Sprintf("%s, %s (%s)", writing, reading, write.source)
	} else {
		e.Basis = fmt.Sprintf("%s (%s), %s (%s)", writing, write.source, reading, read.source)
	}
	e.ReadSeconds = read.seconds(share(size, p.ReadBackPercent))
	e.Seconds += e.ReadSeconds
	return e
}
