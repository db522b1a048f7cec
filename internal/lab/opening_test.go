package lab

import (
	"reflect"
	"testing"
)

const trace = `# tracer: nop
#
# entries-in-buffer/entries-written: 2/2   #P:2
#
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
#              | |         |   |||||     |         |
       panoscrub-414     [000] .....    20.797685: opens: (do_filp_open+0x0/0x160) path="/dev/sdb" flags=0xc080
      dd of-it-420     [001] .....    22.523028: opens: (do_filp_open+0x0/0x160) path="/dev/sdb1" flags=0x8241
`

func TestParseOpenings(t *testing.T) {
	opens, complete := parseOpenings(trace)
	want := []Opening{{"panoscrub", "/dev/sdb", false}, {"dd of-it", "/dev/sdb1", true}}
	if !complete || !reflect.DeepEqual(opens, want) {
		t.Errorf("read %+v, complete %v", opens, complete)
	}
	for name, text := range map[string]string{
		"nothing":       "",
		"some are lost": "# entries-in-buffer/entries-written: 0/7   #P:2\n",
		"not a line":    "# entries-in-buffer/entries-written: 1/1   #P:2\n  panoscrub-1 [000] opens: (fault)\n",
	} {
		if _, complete := parseOpenings(text); complete {
			t.Errorf("%s: taken for complete", name)
		}
	}
}

func TestOpeningOf(t *testing.T) {
	for path, want := range map[string]bool{"/dev/sda": true, "/dev/sda12": true, "/dev/sdaa": false, "/dev/sd": false} {
		if (Opening{Path: path}).Of("/dev/sda") != want {
			t.Errorf("%s: not %v", path, want)
		}
	}
}
