package lab

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
)

// The words of the network block device protocol, as its proto.md describes it:
// the fixed newstyle handshake without TLS, and simple replies. All numbers are
// big-endian.
const (
	nbdMagic        = 0x4e42444d41474943 // "NBDMAGIC"
	nbdOptionMagic  = 0x49484156454F5054 // "IHAVEOPT"
	nbdReplyMagic   = 0x3e889045565a9    // to an option
	nbdRequestMagic = 0x25609513
	nbdSimpleMagic  = 0x67446698

	nbdFixedNewstyle, nbdNoZeroes = 1, 2 // flags of the handshake
	nbdHasFlags, nbdSendFlush     = 1, 4 // flags of the export

	nbdOptionGo = 7

	nbdAck         = 1
	nbdInfo        = 3
	nbdUnsupported = 1<<31 + 1

	nbdRead, nbdWrite, nbdDisconnect, nbdFlush = 0, 1, 2, 3

	// nbdMostBytes bounds a request: the largest that clients may send unasked.
	nbdMostBytes = 32 << 20
)

// serveOnce serves a medium to the first who calls; none if the socket is closed
// before.
func serveOnce(l net.Listener, m Medium, size int64) error {
	conn, err := l.Accept()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	if err != nil {
		return err
	}
	defer conn.Close()
	return serveMedium(conn, m, size)
}

// serveMedium serves a medium to one caller, until that hangs up.
func serveMedium(conn net.Conn, m Medium, size int64) error {
	n := nbd{conn: conn, in: bufio.NewReaderSize(conn, 1<<20), medium: m, size: uint64(size)}
	if err := n.shakeHands(); err != nil {
		return fmt.Errorf("the handshake: %w", err)
	}
	for {
		err := n.request()
		if errors.Is(err, io.EOF) || errors.Is(err, errDisconnect) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

var errDisconnect = errors.New("the caller hangs up")

type nbd struct {
	conn   net.Conn
	in     *bufio.Reader
	medium Medium
	size   uint64
}

// send writes words and bytes one after the other.
func (n *nbd) send(fields ...any) (err error) {
	var message []byte
	for _, f := range fields {
		if message, err = binary.Append(message, binary.BigEndian, f); err != nil {
			return err
		}
	}
	_, err = n.conn.Write(message)
	return err
}

func (n *nbd) receive(fields any) error { return binary.Read(n.in, binary.BigEndian, fields) }

// shakeHands answers options until the caller wants to go on.
func (n *nbd) shakeHands() error {
	if err := n.send(uint64(nbdMagic), uint64(nbdOptionMagic), uint16(nbdFixedNewstyle|nbdNoZeroes)); err != nil {
		return err
	}
	var flags uint32
	if err := n.receive(&flags); err != nil {
		return err
	}
	for {
		var option struct {
			Magic        uint64
			Kind, Length uint32
		}
		if err := n.receive(&option); err != nil {
			return err
		}
		if option.Magic != nbdOptionMagic {
			return errors.New("an option without its magic number")
		}
		if _, err := io.CopyN(io.Discard, n.in, int64(option.Length)); err != nil {
			return err
		}
		if option.Kind == nbdOptionGo {
			return n.describe()
		}
		if err := n.send(uint64(nbdReplyMagic), option.Kind, uint32(nbdUnsupported), uint32(0)); err != nil {
			return err
		}
	}
}

// describe says what there is, and that the caller may begin.
func (n *nbd) describe() error {
	option, export := uint32(nbdOptionGo), uint16(0)
	err := n.send(uint64(nbdReplyMagic), option, uint32(nbdInfo), uint32(12), export, n.size, uint16(nbdHasFlags|nbdSendFlush))
	if err != nil {
		return err
	}
	return n.send(uint64(nbdReplyMagic), option, uint32(nbdAck), uint32(0))
}

// request answers one request.
func (n *nbd) request() error {
	var r struct {
		Magic       uint32
		Flags, Kind uint16
		Handle      uint64
		Offset      uint64
		Length      uint32
	}
	if err := n.receive(&r); err != nil {
		return err
	}
	if r.Magic != nbdRequestMagic || r.Length > nbdMostBytes {
		return fmt.Errorf("a request with the magic number %#x for %d bytes", r.Magic, r.Length)
	}
	data := make([]byte, r.Length)
	var err error
	switch r.Kind {
	case nbdRead:
		_, err = n.medium.ReadAt(data, int64(r.Offset))
	case nbdWrite:
		if _, err := io.ReadFull(n.in, data); err != nil {
			return err
		}
		_, err = n.medium.WriteAt(data, int64(r.Offset))
		data = nil
	case nbdFlush:
		if f, ok := n.medium.(interface{ Flush() error }); ok {
			err = f.Flush()
		}
	case nbdDisconnect:
		return errDisconnect
	default:
		err = syscall.EINVAL
	}
	if err != nil {
		return n.send(uint32(nbdSimpleMagic), errorNumber(err), r.Handle)
	}
	return n.send(uint32(nbdSimpleMagic), uint32(0), r.Handle, data)
}

// errorNumber is the protocol's number of an error, which is that of Linux.
func errorNumber(err error) uint32 {
	var number syscall.Errno
	if errors.As(err, &number) {
		return uint32(number)
	}
	return uint32(syscall.EIO)
}
