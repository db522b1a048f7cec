//go:build unix && !linux

package durable

func publish(temp, path string) error { return linkAndUnlink(temp, path) }
