package block

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// kernelTree makes files below a folder, as the kernel shows a USB device.
func kernelTree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// reader is a card reader with two slots.
var reader = map[string]string{
	"2-1/idVendor": "0bda\n",
	"2-1/2-1:1.0/host0/target0:0:0/0:0:0:0/block/sda/dev":  "8:0\n",
	"2-1/2-1:1.0/host0/target0:0:0/0:0:0:0/block/sda/size": "1000\n",
	"2-1/2-1:1.0/host0/target0:0:0/0:0:0:1/block/sdb/dev":  "8:16\n",
	"2-1/2-1:1.0/host0/target0:0:0/0:0:0:1/block/sdb/size": "0\n",
}

func TestUSBDevice(t *testing.T) {
	root := kernelTree(t, reader)
	disk := root + "/2-1/2-1:1.0/host0/target0:0:0/0:0:0:0/block/sda"
	if got, found := usbDevice(disk); !found || got != root+"/2-1" {
		t.Errorf("the USB device of a disk is %q, %v", got, found)
	}
	if got, found := usbDevice(root); found {
		t.Errorf("what is on no USB device is on %q", got)
	}
}

// TestOtherMedia: a reset is one of all units, so that none of them may be in use.
func TestOtherMedia(t *testing.T) {
	first, second := devNumber(unix.Mkdev(8, 0)), devNumber(unix.Mkdev(8, 16))
	for _, c := range []struct {
		name   string
		own    devNumber
		size   string // of the second
		used   bool
		failed bool
	}{
		{"the only medium", first, "0\n", false, false},
		{"two media", first, "77\n", true, false},
		{"an empty unit beside a medium", second, "0\n", true, false},
		{"a size that is none", first, "many\n", true, true},
		{"no size", first, "", true, true},
	} {
		root := kernelTree(t, reader)
		if err := os.WriteFile(root+"/2-1/2-1:1.0/host0/target0:0:0/0:0:0:1/block/sdb/size", []byte(c.size), 0o644); err != nil {
			t.Fatal(err)
		}
		if used, err := otherMedia(root+"/2-1", c.own); used != c.used || (err != nil) != c.failed {
			t.Errorf("%s: in use %v, %v", c.name, used, err)
		}
	}
}

// TestOpenUSBMistrusts what the kernel's files could say.
func TestOpenUSBMistrusts(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"no number":         {"busnum": "2\n"},
		"a way out":         {"busnum": "../..\n", "devnum": "2\n"},
		"a node of nothing": {"busnum": "999\n", "devnum": "999\n"},
	} {
		if f, err := openUSB(kernelTree(t, files)); err == nil {
			t.Errorf("%s: opened %s", name, f.Name())
		}
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if err := isNodeOf(null, kernelTree(t, map[string]string{"dev": "1:3\n"})); err != nil {
		t.Errorf("the null device, by its number: %v", err)
	}
	if err := isNodeOf(null, kernelTree(t, map[string]string{"dev": "189:1\n"})); !errors.Is(err, ErrChanged) {
		t.Errorf("the null device in place of a USB device: %v", err)
	}
}

// TestPortOfNoUSB: what is not on USB says so; and no reason names a path.
func TestPortOfNoUSB(t *testing.T) {
	p := openPort(devNumber(unix.Mkdev(4095, 99)))
	var none *NoResetError
	if err := p.reset(0); !errors.As(err, &none) || strings.Contains(none.Error(), "/") {
		t.Errorf("a device that is not there: %v", err)
	}
	if err := p.close(); err != nil {
		t.Error(err)
	}
}

// TestParseSense reads the answers that drives give, and ones that are cut off.
func TestParseSense(t *testing.T) {
	for _, c := range []struct {
		name string
		data []byte
		want senseError
	}{
		{"fixed", []byte{0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x20, 0x00, 0, 0, 0, 0}, senseError{5, 0x20, 0}},
		{"fixed, with flags beside the key", []byte{0xF0, 0, 0xE6, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x28, 0x01}, senseError{6, 0x28, 1}},
		{"descriptors", []byte{0x72, 6, 0x29, 0x02}, senseError{6, 0x29, 2}},
		{"cut off", []byte{0x70, 0, 3}, senseError{3, 0, 0}},
		{"nothing", nil, senseError{}},
	} {
		var got *senseError
		if !errors.As(parseSense(c.data), &got) || *got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}
