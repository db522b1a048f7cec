package lab

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// Stick is a USB drive that can be plugged in.
type Stick struct {
	Serial          string // "" for a drive without one
	Vendor, Product string // INQUIRY strings, up to 8 and 16 characters; "" for the emulator's own
	Size            int64  // bytes of its medium; 0 for a reader without one
	File            string // holds its bytes; "" for a new file of Size zeros
	SectorSize      int    // 0 for 512
	Fixed           bool   // says that it is not removable, as disks in a case do
	ReadOnly        bool   // its switch
	UAS             bool   // speaks UAS, not the older bulk-only transport
	Unmap           bool   // takes UNMAP, and holds nothing where it was used
	EmptySlots      int    // further units without a medium, as card readers have
	// Inside makes a medium of the backing file; nil for the file as it is.
	Inside func(Medium) Medium
}

// Plugged is a stick that was plugged in.
type Plugged struct {
	Disk
	stick Stick
}

// Plug plugs a stick in; it is taken out for good when the test ends.
func (g *Guest) Plug(t testing.TB, s Stick) *Plugged {
	t.Helper()
	if s.File == "" {
		s.File = filepath.Join(t.TempDir(), "stick")
		if err := sparse(s.File, s.Size); err != nil {
			t.Fatal(err)
		}
	}
	p := &Plugged{Disk{File: s.File, guest: g}, s}
	if err := g.takePort(p); err != nil {
		t.Fatal(err)
	}
	medium, err := p.medium(t)
	if missing := (*MissingError)(nil); errors.As(err, &missing) {
		g.freePort(p.port)
		t.Skipf("NOT RUN: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		defer g.freePort(p.port)
		if err := p.remove(); err != nil {
			t.Errorf("taking %s out: %v; %s", p.id, err, g.lastWords())
		} else if !g.hasEnded() {
			p.AwaitGone(t) // so that the next one at this port is not taken for it
		}
	})
	if err := p.assemble(t, medium); err != nil {
		t.Fatalf("plugging %s in: %v; %s", p.id, err, g.lastWords())
	}
	p.Replug(t)
	return p
}

// assemble makes the USB device with its units, not yet connected.
func (p *Plugged) assemble(t testing.TB, medium object) error {
	driver := "usb-bot"
	if p.stick.UAS {
		driver = "usb-uas"
	}
	m := p.guest.monitor
	device := object{"driver": driver, "id": p.id, "bus": "usb.0", "port": fmt.Sprint(p.port), "serial": p.stick.Serial}
	if err := m.do("device_add", device, nil); err != nil {
		return err
	}
	if err := p.addUnit(0, medium); err != nil {
		return err
	}
	for slot := 1; slot <= p.stick.EmptySlots; slot++ {
		empty := filepath.Join(t.TempDir(), "empty")
		if err := sparse(empty, 0); err != nil {
			return err
		}
		if err := p.addUnit(slot, object{"driver": "file", "filename": empty}); err != nil {
			return err
		}
	}
	return nil
}

// medium describes to the emulator where the bytes go.
func (p *Plugged) medium(t testing.TB) (object, error) {
	if p.stick.Inside == nil {
		return object{"driver": "file", "filename": p.File}, nil
	}
	socket, err := p.serve(t)
	if err != nil {
		return nil, err
	}
	return object{"driver": "nbd", "server": object{"type": "unix", "path": socket}}, nil
}

// addUnit adds a logical unit with its medium.
func (p *Plugged) addUnit(number int, medium object) error {
	node := fmt.Sprintf("%s-%d", p.id, number)
	medium["node-name"], medium["read-only"] = node, p.stick.ReadOnly
	if p.stick.Unmap {
		medium["discard"] = "unmap"
	}
	m := p.guest.monitor
	if err := m.do("blockdev-add", medium, nil); err != nil {
		return err
	}
	p.units = append(p.units, node)
	unit := object{
		"driver": "scsi-hd", "id": node + "-unit", "bus": p.id + ".0", "scsi-id": 0, "lun": number, "drive": node,
		"removable": !p.stick.Fixed, "serial": p.stick.Serial,
	}
	for key, value := range map[string]string{"vendor": p.stick.Vendor, "product": p.stick.Product} {
		if value != "" {
			unit[key] = value
		}
	}
	if sector := p.stick.SectorSize; sector != 0 {
		unit["logical_block_size"], unit["physical_block_size"] = sector, sector
	}
	return m.do("device_add", unit, nil)
}

// serve serves the medium over a socket, and returns its path.
func (p *Plugged) serve(t testing.TB) (string, error) {
	file, err := os.OpenFile(p.File, os.O_RDWR, 0)
	if err != nil {
		return "", err
	}
	medium, err := p.inside(file)
	if err != nil {
		return "", errors.Join(err, file.Close())
	}
	socket := filepath.Join(t.TempDir(), "nbd")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return "", errors.Join(err, file.Close())
	}
	served := make(chan error, 1)
	go func() { served <- serveOnce(listener, medium, p.stick.Size) }()
	t.Cleanup(func() {
		if err := errors.Join(listener.Close(), <-served, file.Close()); err != nil && !p.guest.hasEnded() {
			t.Errorf("the medium of %s: %v", p.id, err)
		}
	})
	return socket, nil
}

// inside makes the medium of the backing file.
func (p *Plugged) inside(file Medium) (Medium, error) {
	medium := p.stick.Inside(file)
	if cached, ok := medium.(*Cached); ok {
		cached.resets = p.resets
		return medium, p.guest.tellsOfResets()
	}
	return medium, nil
}

// Replug connects a stick that is not connected.
func (p *Plugged) Replug(t testing.TB) { p.attach(t, true) }

// Pull pulls a stick out, whatever it is doing.
func (p *Plugged) Pull(t testing.TB) { p.attach(t, false) }

func (p *Plugged) attach(t testing.TB, attached bool) {
	t.Helper()
	at := object{"path": "/machine/peripheral/" + p.id, "property": "attached", "value": attached}
	if err := p.guest.monitor.do("qom-set", at, nil); err != nil {
		t.Fatalf("%s: %v", p.id, err)
	}
}

// remove takes the device out of the machine.
func (p *Plugged) remove() error {
	if p.guest.hasEnded() {
		return nil
	}
	err := p.guest.monitor.remove(p.id)
	for _, node := range p.units {
		err = errors.Join(err, p.guest.monitor.do("blockdev-del", object{"node-name": node}, nil))
	}
	return err
}
