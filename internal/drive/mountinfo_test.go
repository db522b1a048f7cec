package drive

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

const goodMounts = `22 29 0:21 / /proc rw,nosuid shared:13 - proc proc rw
29 1 8:2 / / rw,relatime shared:1 master:2 - ext4 /dev/root rw,errors=remount-ro
40 29 0:40 / /mnt/empty rw - tmpfs  rw
41 29 8:17 / /media/a\040b\011c\134d rw - vfat /dev/sdb1 rw
42 29 0:41 / /mnt/share rw - cifs //server/my\040share rw
`

func TestParseMounts(t *testing.T) {
	got, err := parseMounts(strings.NewReader(goodMounts))
	want := []mount{
		{id: 22, parent: 29, number: "0:21", point: "/proc", fsType: "proc", source: "proc", options: "rw"},
		{id: 29, parent: 1, number: "8:2", point: "/", fsType: "ext4", source: "/dev/root", options: "rw,errors=remount-ro"},
		{id: 40, parent: 29, number: "0:40", point: "/mnt/empty", fsType: "tmpfs", options: "rw"},
		{id: 41, parent: 29, number: "8:17", point: "/media/a b\tc\\d", fsType: "vfat", source: "/dev/sdb1", options: "rw"},
		{id: 42, parent: 29, number: "0:41", point: "/mnt/share", fsType: "cifs", source: "//server/my share", options: "rw"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestParseMountsRefusesWhatItDoesNotKnow(t *testing.T) {
	for name, table := range map[string]string{
		"nothing":          "",
		"an empty line":    goodMounts + "\n",
		"words":            goodMounts + "not a mount table",
		"no separator":     "29 1 8:2 / / rw,relatime shared:1 ext4 /dev/root rw\n",
		"nothing after it": "29 1 8:2 / / rw,relatime -\n",
		"an early one":     "29 1 8:2 / / - ext4 /dev/root rw\n",
		"a bad ID":         "x 1 8:2 / / rw - ext4 /dev/root rw\n",
		"no parent":        "29  8:2 / / rw - ext4 /dev/root rw\n",
		"a bad number":     "29 1 8:x / / rw - ext4 /dev/root rw\n",
		"a signed number":  "29 1 8:+2 / / rw - ext4 /dev/root rw\n",
		"leading zeros":    "29 1 08:2 / / rw - ext4 /dev/root rw\n",
		"a huge number":    "29 1 8:99999999999 / / rw - ext4 /dev/root rw\n",
		"a long line":      "29 1 8:2 / /" + strings.Repeat("a", maxLine) + " rw - ext4 /dev/root rw\n",
	} {
		if got, err := parseMounts(strings.NewReader(table)); err == nil {
			t.Errorf("%s: taken for %+v", name, got)
		}
	}
	broken := errors.New("broken")
	if _, err := parseMounts(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a read error was lost: %v", err)
	}
}

const goodSwaps = `Filename				Type		Size		Used		Priority
/dev/dm-1                               partition	1048572		0		-2
/swapfile                               file		1048572		0		-3
/dev/sdb2\040(deleted)                  partition	4		0		-4
`

func TestParseSwaps(t *testing.T) {
	got, err := parseSwaps(strings.NewReader(goodSwaps))
	if want := []swap{{"/dev/dm-1", false}, {"/swapfile", true}, {"/dev/sdb2 (deleted)", false}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	for name, table := range map[string]string{
		"nothing":     "",
		"no heading":  "/dev/dm-1 partition 1048572 0 -2\n",
		"few columns": goodSwaps + "/dev/sdc1 partition\n",
		"a new type":  goodSwaps + "/dev/sdc1 remote 1 0 -2\n",
	} {
		if got, err := parseSwaps(strings.NewReader(table)); err == nil {
			t.Errorf("%s: taken for %v", name, got)
		}
	}
}

// escape writes a name as the kernel does.
func escape(s string) string {
	return strings.NewReplacer(" ", `\040`, "\t", `\011`, "\n", `\012`, `\`, `\134`, "#", `\043`).Replace(s)
}

// FuzzMounts checks that what is read from a mount table says the same when it is
// written again, and that no name, however odd, moves into another column.
func FuzzMounts(f *testing.F) {
	f.Add(goodMounts, "/media/odd \\ name")
	f.Add("", "")
	f.Add("29 1 8:2 / /\\04 rw - - - -\n", "/\\040")
	f.Fuzz(func(t *testing.T, table, name string) {
		mounts, err := parseMounts(strings.NewReader(table))
		if err == nil && len(mounts) == 0 {
			t.Error("nothing was read, and no error given")
		}
		for _, m := range mounts {
			if !validNumber(m.number) {
				t.Errorf("a number that is none: %q", m.number)
			}
		}
		if len(name) > maxLine/8 {
			return
		}
		line := "41 29 8:17 / " + escape(name) + " rw shared:9 - vfat " + escape(name) + " rw\n"
		again, err := parseMounts(strings.NewReader(line))
		if err != nil || len(again) != 1 || again[0].point != name || again[0].source != name || again[0].number != "8:17" {
			t.Errorf("%q was read as %+v, %v", line, again, err)
		}
	})
}

// FuzzSwaps checks the same of the swap table.
func FuzzSwaps(f *testing.F) {
	f.Add(goodSwaps, "/dev/odd \\ name")
	f.Add("Filename Type Size Used Priority\n", "\u00a0")
	f.Fuzz(func(t *testing.T, table, name string) {
		if devices, _ := parseSwaps(strings.NewReader(table)); len(devices) > strings.Count(table, "\n") {
			t.Errorf("%d devices in %q", len(devices), table)
		}
		if name == "" || len(name) > maxLine/8 {
			return
		}
		line := "Filename\tType\tSize\tUsed\tPriority\n" + escape(name) + " partition\t4\t0\t-2\n"
		again, err := parseSwaps(strings.NewReader(line))
		if err != nil || len(again) != 1 || again[0] != (swap{path: name}) {
			t.Errorf("%q was read as %v, %v", line, again, err)
		}
	})
}

func TestLayers(t *testing.T) {
	for _, c := range []struct {
		options string
		want    []string
	}{
		{"rw", nil},
		{"rw,lowerdir=/a:/b,upperdir=/c,workdir=/d", []string{"/a", "/b", "/c", "/d"}},
		{"rw,lowerdir=/a\\040b:/c\\134:d::/data,userxattr", []string{"/a b", "/c:d", "/data"}},
		{"rw,lowerdir+=/a:b,datadir+=/c,redirect_dir=/no", []string{"/a:b", "/c"}},
		{"rw,lowerdir=l/ABC:l/DEF,upperdir=relative", nil},
		{"rw,upperdir=/a\\134\\054b,lowerdir=", []string{"/a,b"}},
	} {
		if got := layers(c.options); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.options, got, c.want)
		}
	}
}

// FuzzLayers checks that a folder's name, however odd, comes out of an overlay's
// options as it was, and that nothing else in them passes for a folder.
func FuzzLayers(f *testing.F) {
	f.Add("rw,lowerdir=/a:/b\\134:c", "/odd, \\ :name")
	f.Add("upperdir=\\", "/")
	f.Fuzz(func(t *testing.T, options, name string) {
		for _, folder := range layers(options) {
			if !strings.HasPrefix(folder, "/") {
				t.Errorf("%q in %q", folder, options)
			}
		}
		if !strings.HasPrefix(name, "/") || strings.Contains(name, "\x00") {
			return
		}
		kept := strings.NewReplacer(`\`, `\\`, ":", `\:`, ",", `\,`).Replace(name)
		line := "rw,lowerdir=/first:" + strings.ReplaceAll(escape(kept), ",", `\054`) + ",workdir=/last"
		if got := layers(line); !reflect.DeepEqual(got, []string{"/first", name, "/last"}) {
			t.Errorf("%q: got %q", line, got)
		}
	})
}
