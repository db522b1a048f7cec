package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

// patience is for how long the lab waits for anything. It is no measure of how
// fast something has to be, but the end of what will not happen any more.
const patience = 2 * time.Minute

// object is the arguments of a command to the machine, and what comes back.
type object = map[string]any

// monitor speaks to the emulator about the machine: QMP, the QEMU Machine
// Protocol. Its methods are safe for concurrent use.
type monitor struct {
	mu   sync.Mutex
	conn net.Conn
	in   *json.Decoder
	out  []string // devices that were taken out, and not yet asked for
}

// message is anything that the emulator says: an event, or an answer.
type message struct {
	Event string `json:"event"`
	Data  struct {
		Device string `json:"device"`
	} `json:"data"`
	Return json.RawMessage `json:"return"`
	Error  *struct {
		Desc string `json:"desc"`
	} `json:"error"`
}

func openMonitor(conn net.Conn) (*monitor, error) {
	m := &monitor{conn: conn, in: json.NewDecoder(conn)}
	var greeting struct{ QMP json.RawMessage }
	if err := m.in.Decode(&greeting); err != nil || greeting.QMP == nil {
		return nil, fmt.Errorf("the emulator's greeting is missing: %w", err)
	}
	return m, m.do("qmp_capabilities", nil, nil)
}

// do carries out a command; result takes what it returns, unless nil.
func (m *monitor) do(command string, arguments object, result any) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	request := object{"execute": command}
	if arguments != nil {
		request["arguments"] = arguments
	}
	err := m.conn.SetDeadline(time.Now().Add(patience))
	if err == nil {
		err = json.NewEncoder(m.conn).Encode(request)
	}
	for err == nil {
		var reply message
		if reply, err = m.next(); err == nil && reply.Event == "" {
			return finish(command, reply, result)
		}
	}
	return fmt.Errorf("%s: %w", command, err)
}

func finish(command string, reply message, result any) error {
	switch {
	case reply.Error != nil:
		return fmt.Errorf("%s: %s", command, reply.Error.Desc)
	case result == nil:
		return nil
	}
	return json.Unmarshal(reply.Return, result)
}

// next reads one message, and notes it if it tells that a device is out.
func (m *monitor) next() (reply message, err error) {
	err = m.in.Decode(&reply)
	if err == nil && reply.Event == "DEVICE_DELETED" {
		m.out = append(m.out, reply.Data.Device)
	}
	return reply, err
}

// remove takes a device out of the machine and waits until it is out.
func (m *monitor) remove(device string) error {
	if err := m.do("device_del", object{"id": device}, nil); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for !slices.Contains(m.out, device) {
		reply, err := m.next()
		if err == nil && reply.Event == "" {
			err = errors.New("an answer that nothing was asked for")
		}
		if err != nil {
			return fmt.Errorf("waiting for the end of %s: %w", device, err)
		}
	}
	m.out = slices.DeleteFunc(m.out, func(o string) bool { return o == device })
	return nil
}
