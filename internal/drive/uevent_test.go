package drive

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestUevents(t *testing.T) {
	const path = "/devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb"
	pairs := "ACTION=add\x00DEVPATH=" + path + "\x00SUBSYSTEM=block\x00MAJOR=8\x00MINOR=16\x00DEVNAME=sdb\x00DEVTYPE=disk\x00DISKSEQ=12\x00SEQNUM=4711\x00"
	e, err := parseUevent([]byte("add@" + path + "\x00" + pairs))
	if err != nil || e != (uevent{"add", path, "block"}) {
		t.Errorf("got %+v, %v", e, err)
	}
	for _, c := range []struct {
		message  string
		err      error
		concerns bool
	}{
		{"add@/devices/x\x00SUBSYSTEM=usb\x00", nil, false},
		{"change@/devices/x\x00SUBSYSTEM=block\x00", nil, true},
		{"change@/devices/x\x00SUBSYSTEM=net\x00SUBSYSTEM=block\x00", nil, false}, // the kernel's own comes first
		{"change@/devices/x\x00XSUBSYSTEM=net\x00", nil, true},                    // does not say of what
		{"", errNotUevent, true},
		{"libudev\x00\xfe\xed\xca\xfe", errNotUevent, true},
		{"add@/devices/x", errNotUevent, true}, // cut off
		{"@/devices/x\x00", errNotUevent, true},
		{"add@devices\x00", errNotUevent, true},
	} {
		_, err := parseUevent([]byte(c.message))
		if !errors.Is(err, c.err) || concernsDrives([]byte(c.message)) != c.concerns {
			t.Errorf("%q: got %v, concerns drives: %v", c.message, err, !c.concerns)
		}
	}
}

// FuzzUevents checks that a message comes out of the parser as it was made, and
// that nothing is read out of one that is not in it.
func FuzzUevents(f *testing.F) {
	f.Add([]byte("add@/devices/x\x00SUBSYSTEM=block\x00"), "remove", "/devices/y", "block")
	f.Add([]byte("\x00@=\x00"), "", "/", "=")
	f.Fuzz(func(t *testing.T, message []byte, action, path, subsystem string) {
		if e, err := parseUevent(message); err == nil {
			if !strings.HasPrefix(string(message), e.action+"@"+e.path+"\x00") || !strings.Contains(string(message), e.subsystem) {
				t.Errorf("%q was read as %+v", message, e)
			}
		}
		if strings.Contains(action+path+subsystem, "\x00") || strings.Contains(action, "@") || action == "" || !strings.HasPrefix(path, "/") {
			return
		}
		made := action + "@" + path + "\x00ACTION=" + action + "\x00DEVPATH=" + path + "\x00SUBSYSTEM=" + subsystem + "\x00"
		if e, err := parseUevent([]byte(made)); err != nil || e != (uevent{action, path, subsystem}) {
			t.Errorf("%q was read as %+v, %v", made, e, err)
		}
	})
}

func TestFirstUserNamespace(t *testing.T) {
	for uidMap, want := range map[string]bool{
		"         0          0 4294967295\n": true,
		"         0     100000      65536\n": false,
		"         0       1000          1\n": false,
		"0 0 4294967295\n1 1 1\n":            false,
		"":                                   false,
	} {
		if firstUserNamespace(uidMap) != want {
			t.Errorf("%q: %v", uidMap, !want)
		}
	}
}

// TestSettle: hints that do not stop are not waited out.
func TestSettle(t *testing.T) {
	calls := 0
	err := settle(t.Context(), HintFunc(func(_ context.Context, most time.Duration) (bool, error) {
		if calls++; most > settleQuiet {
			t.Errorf("waits for %v", most)
		}
		time.Sleep(settleQuiet / 10)
		return true, nil
	}))
	if err != nil || calls < 2 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

func TestPolling(t *testing.T) {
	p := polling(time.Millisecond)
	for most, want := range map[time.Duration]bool{forever: true, time.Microsecond: false} {
		if hinted, err := p.await(t.Context(), most); hinted != want || err != nil {
			t.Errorf("after %v: %v, %v", most, hinted, err)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("over")
	cancel(cause)
	if hinted, err := polling(time.Hour).await(ctx, forever); hinted || !errors.Is(err, cause) {
		t.Errorf("got %v, %v", hinted, err)
	}
}
