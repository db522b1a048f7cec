package session

import (
	"testing"

	"github.com/panoscrub/panoscrub/internal/drive"
)

func TestToldApart(t *testing.T) {
	for _, c := range []struct {
		kind    drive.Kind
		quality drive.SerialQuality
		twins   []string
		want    bool
	}{
		{drive.KindUSB, drive.SerialUnique, nil, true},
		{drive.KindSD, drive.SerialUnique, nil, true},
		{drive.KindImage, drive.SerialMissing, nil, true},
		{drive.KindLoop, drive.SerialMissing, nil, true},
		{drive.KindUSB, drive.SerialMissing, nil, false},
		{drive.KindUSB, drive.SerialSuspect, nil, false},
		{drive.KindSD, drive.SerialMissing, nil, false},
		{drive.KindUSB, drive.SerialUnique, []string{"/dev/sdc"}, false},
	} {
		d := drive.Drive{Identity: drive.Identity{Kind: c.kind, SerialQuality: c.quality}, Attachment: drive.Attachment{SameSerial: c.twins}}
		if got := toldApart(d); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
