package rules

import (
	"testing"
)

func TestBuiltin(t *testing.T) {
	set := Builtin()
	t.Log(len(set.Rules), set.Digest)
}
