package lab

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// Guest is a machine that runs.
type Guest struct {
	SystemDisk string // its file; another guest may be booted from it when this one is closed

	dir     string
	process *exec.Cmd
	ended   chan struct{} // closed when the emulator has ended: then there are
	fate    error         // how it ended, and
	said    bytes.Buffer  // what it had to say
	monitor *monitor
	control *control

	mu    sync.Mutex
	ports map[int]*Plugged // of the USB controller, that are taken
}

// Boot boots a guest from a system disk, "" for a new one.
func (l *Lab) Boot(disk string) (*Guest, error) {
	dir, err := os.MkdirTemp(l.dir, "guest")
	if err != nil {
		return nil, err
	}
	if disk == "" {
		disk = filepath.Join(dir, "system")
		if err := systemDisk(disk); err != nil {
			return nil, err
		}
	}
	g := &Guest{SystemDisk: disk, dir: dir, ended: make(chan struct{}), ports: map[int]*Plugged{}}
	if err := g.start(l); err != nil {
		g.Cut()
		return nil, fmt.Errorf("booting a guest: %w; %s", err, g.lastWords())
	}
	return g, nil
}

// start starts the emulator, which calls back on two sockets, and waits until the
// guest is ready.
func (g *Guest) start(l *Lab) error {
	var sockets [2]net.Listener
	for i, name := range []string{"monitor", "port"} {
		s, err := net.Listen("unix", filepath.Join(g.dir, name))
		if err != nil {
			return err
		}
		defer s.Close()
		sockets[i] = s
	}
	g.process = exec.Command(l.emulator, g.arguments(l)...)
	g.process.Stderr = &g.said
	if err := g.process.Start(); err != nil {
		return err
	}
	go func() {
		g.fate = g.process.Wait()
		close(g.ended)
		for _, s := range sockets {
			_ = s.Close() // nobody calls any more
		}
	}()
	return g.connect(sockets[0], sockets[1])
}

func (g *Guest) connect(monitor, port net.Listener) error {
	m, err := accept(monitor)
	if err != nil {
		return err
	}
	p, err := accept(port)
	if err != nil {
		return errors.Join(err, m.Close())
	}
	if g.monitor, err = openMonitor(m); err != nil {
		return err
	}
	g.control = openControl(p)
	return g.control.awaitReady()
}

// accept waits for one caller.
func accept(l net.Listener) (net.Conn, error) {
	if err := l.(*net.UnixListener).SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	return l.Accept()
}

// kernelOptions leave out a check of the timer, which fails now and then where the
// emulator has to wait for a processor.
const kernelOptions = "console=ttyS0 panic=-1 quiet no_timer_check"

// arguments describe the machine. It is emulated without the processor's help,
// which not every machine can give: so it is the same machine everywhere.
func (g *Guest) arguments(l *Lab) []string {
	in := func(name string) string { return filepath.Join(g.dir, name) }
	return []string{
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1024",
		"-kernel", l.kernel, "-initrd", l.initramfs, "-append", kernelOptions,
		"-serial", "file:" + in("console"),
		"-trace", portReset, "-D", g.trace(),
		"-qmp", "unix:" + in("monitor"),
		"-device", "virtio-serial-pci",
		"-chardev", "socket,id=port,path=" + in("port"),
		"-device", "virtserialport,chardev=port",
		"-blockdev", "driver=file,node-name=system,filename=" + g.SystemDisk,
		"-device", "virtio-blk-pci,id=systemdisk,drive=system",
		"-device", fmt.Sprintf("qemu-xhci,id=usb,p2=%d,p3=%d", usbPorts, usbPorts),
	}
}

// Cut cuts the power: what the guest has not yet written is lost. It also ends
// the use of a guest.
func (g *Guest) Cut() {
	if g.process == nil || g.process.Process == nil {
		return
	}
	_ = g.process.Process.Kill() // it may have ended by itself
	<-g.ended
	if g.monitor != nil {
		_ = g.monitor.conn.Close() // nobody is at its other end
	}
}

func (g *Guest) hasEnded() bool {
	select {
	case <-g.ended:
		return true
	default:
		return false
	}
}

// lastWords is what there is to know when something went wrong: how the emulator
// ended, if it did, and the last that the guest's kernel said.
func (g *Guest) lastWords() string {
	const most = 2000
	console, err := os.ReadFile(filepath.Join(g.dir, "console"))
	words := fmt.Sprintf("the guest's console (%v) ends with: %s", err, console[max(0, len(console)-most):])
	if g.hasEnded() {
		words = fmt.Sprintf("the emulator has ended (%v) and said: %s; %s", g.fate, &g.said, words)
	}
	return words
}
