package drive

import (
	"strings"

	"github.com/panoscrub/panoscrub/internal/human"
)

// Port says where the drive is plugged in: "port 4 of the hub at port 1, bus 2".
// It is empty for a drive that is not on USB. It is safe to print.
func (a Attachment) Port() string {
	bus, ports, ok := strings.Cut(a.PortPath, "-")
	if !ok {
		return ""
	}
	name := ""
	for port := range strings.SplitSeq(ports, ".") {
		if name != "" {
			name = " of the hub at " + name
		}
		name = "port " + port + name
	}
	return human.Safe(name + ", bus " + bus)
}

// Link says how fast the drive is connected: "480 Mbit/s, USB 2". It is empty
// where that is unknown, and safe to print.
func (a Attachment) Link() string {
	switch a.SpeedMbps {
	case "":
		return ""
	case "1.5", "12":
		return a.SpeedMbps + " Mbit/s, USB 1"
	case "480":
		return "480 Mbit/s, USB 2"
	}
	if gigabits, whole := strings.CutSuffix(a.SpeedMbps, "000"); whole {
		return human.Safe(gigabits) + " Gbit/s, USB 3"
	}
	return human.Safe(a.SpeedMbps) + " Mbit/s"
}
