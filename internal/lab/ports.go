package lab

import (
	"errors"
	"fmt"
)

// usbPorts is how many sticks can be plugged in at once.
const usbPorts = 15

// takePort gives a stick a free port.
func (g *Guest) takePort(p *Plugged) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for port := 1; port <= usbPorts; port++ {
		if g.ports[port] == nil {
			g.ports[port] = p
			p.port, p.id = port, fmt.Sprintf("stick%d", port)
			return nil
		}
	}
	return errors.New("all ports are taken")
}

func (g *Guest) freePort(port int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.ports, port)
}

// Sticks lists what was plugged in and not taken out for good, also what is pulled
// at the moment.
func (g *Guest) Sticks() (sticks []*Plugged) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for port := 1; port <= usbPorts; port++ {
		if p := g.ports[port]; p != nil {
			sticks = append(sticks, p)
		}
	}
	return sticks
}
