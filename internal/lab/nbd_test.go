package lab

import (
	"net"
	"testing"

	"github.com/panoscrub/panoscrub/internal/testtool"
)

// TestServeMedium has a client that is not ours read and write a medium, and
// meet its errors.
func TestServeMedium(t *testing.T) {
	const size = 1 << 20
	content := make(memory, size)
	copy(content[512:], "what was there")
	for _, c := range []struct {
		command string
		fails   bool
	}{
		{"read -P 0x77 512 1", false}, // "w"
		{"write -P 0x21 4096 4096", false},
		{"flush", false},
		{"read 65536 512", true},
		{"write 131072 512", true},
	} {
		socket := t.TempDir() + "/socket"
		listener, err := net.Listen("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		medium := Broken{Medium: content, Reads: Span{65536, 65537}, Writes: Span{131072, 131073}}
		go func() { served <- serveOnce(listener, medium, size) }()
		out, err := testtool.Try(t, "qemu-io", "-f", "raw", "-c", c.command, "nbd+unix:///?socket="+socket)
		if (err != nil) != c.fails {
			t.Errorf("%s: %v: %s", c.command, err, out)
		}
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Errorf("%s: the server: %v", c.command, err)
		}
	}
	if content[4096] != 0x21 || content[8191] != 0x21 || content[8192] != 0 {
		t.Error("what was written is not there")
	}
}
