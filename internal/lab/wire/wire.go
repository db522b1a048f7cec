// Package wire is what the lab and its guest say to each other: JSON documents,
// one after the other, over one serial port.
package wire

// Request starts a program in the guest, or gives input to one that runs.
type Request struct {
	ID int `json:"id"` // from 1; a further request with the same one is for the same program
	// Argv is the program and its arguments; empty in a request that only adds
	// input.
	Argv  []string `json:"argv,omitempty"`
	Env   []string `json:"env,omitempty"` // besides the guest's own
	UID   uint32   `json:"uid,omitempty"` // who runs it; 0 is root
	Input []byte   `json:"input,omitempty"`
	// Terminal has it run at a terminal of its own. What it shows there comes back
	// as its stdout. Without a terminal it has no input.
	Terminal bool `json:"terminal,omitempty"`
}

// Reply tells what a program did. The last one about it has Ended set.
type Reply struct {
	ID     int    `json:"id"` // 0: the guest is ready, or says in Error why it is not
	Stdout []byte `json:"stdout,omitempty"`
	Stderr []byte `json:"stderr,omitempty"`
	Ended  bool   `json:"ended,omitempty"`
	// Code is the exit code, 128 and the signal's number for a program that was
	// killed, as shells have it.
	Code  int    `json:"code,omitempty"`
	Error string `json:"error,omitempty"` // it could not be started
}

// Files of the guest that both know, and what is in them.
const (
	ModuleOrder = "/modules/order" // names of files in /modules, in the order of loading
	SystemDisk  = "/dev/vda"       // ext4, mounted at [SystemMount]
	SystemMount = "/var"
	Port        = "/dev/vport0p1" // the serial port

	// Tracing is the folder of the kernel's tracer, which notes each attempt to open
	// a disk, as an event of this name with the fields path and flags.
	Tracing = "/sys/kernel/tracing"
	Opens   = "opens"
)
