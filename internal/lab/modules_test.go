package lab

import (
	"errors"
	"slices"
	"testing"
)

func TestModulesComeBehindWhatTheyNeed(t *testing.T) {
	k, err := findKernel()
	if missing := (*MissingError)(nil); errors.As(err, &missing) {
		t.Skipf("NOT RUN: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	list, err := k.load(wanted)
	if err != nil {
		t.Fatal(err)
	}
	var before []string
	for _, m := range list {
		needs, err := dependencies(m.data)
		if err != nil {
			t.Fatal(err)
		}
		for _, need := range needs {
			if !slices.Contains(before, need) && k.modules[need] != "" {
				t.Errorf("%s needs %s, which is not before it", m.name, need)
			}
		}
		before = append(before, m.name)
	}
	if !slices.Contains(before, "usbcore") {
		t.Errorf("what only others need is not among %q", before)
	}
}

func TestModulesThatAreNotThere(t *testing.T) {
	k := kernel{modules: map[string]string{"built_in": ""}}
	if list, err := k.load([]string{"built_in"}); err != nil || len(list) != 0 {
		t.Errorf("one that is built in: %v, %v", list, err)
	}
	if _, err := k.load([]string{"misspelt"}); err == nil {
		t.Error("one that the kernel does not have is no error")
	}
}
