package rules

import (
	"strings"
	"testing"
)

const someKey = "5a9214aa789ffe021992636dd17ca313f340948e604d4122735160f3d46688a0"

func sourceOf(name, where string, keys ...string) string {
	return "[[source]]\nname = \"" + name + "\"\nwhere = \"" + where + "\"\nkeys = [\"" + strings.Join(keys, "\", \"") + "\"]\n"
}

func TestPublished(t *testing.T) {
	p, err := parsePublished([]byte(sourceOf("Some", "there", someKey)))
	if err != nil {
		t.Fatal(err)
	}
	id := p.Sources[0].Keys[0]
	if p.Source(id) != "Some" || p.Source(KeyID{}) != "" || p.Keys() != 1 {
		t.Errorf("%+v", p)
	}
	if id[0]++; p.Source(id) != "" {
		t.Error("another key is known")
	}
	if all := Builtin().Published; all.Keys() == 0 || all.Source(KeyID{}) != "" {
		t.Errorf("%d keys", all.Keys())
	}
}

func TestPublishedMistakes(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"[[source", "toml"},
		{sourceOf("Some", "there", someKey) + "digest = 1\n", "no such key: source.digest"},
		{sourceOf("", "there", someKey), "a source has a name"},
		{sourceOf("Some", "", someKey), "says where"},
		{"[[source]]\nname = \"Some\"\nwhere = \"there\"\n", "has keys"},
		{sourceOf("Some", "there", someKey[:62]), "not a SHA-256"},
		{sourceOf("Some", "there", someKey+"00"), "not a SHA-256"},
		{sourceOf("Some", "there", "xy"+someKey[2:]), "not a SHA-256"},
		{sourceOf("Some", "there", someKey, someKey), "there twice"},
		{sourceOf("Some", "there", someKey) + sourceOf("Other", "here", someKey), `of "Other": ` + someKey + " is there twice"},
	} {
		if _, err := parsePublished([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.text, err, c.want)
		}
	}
}

// TestPublishedDigest: whoever knows other keys has another set.
func TestPublishedDigest(t *testing.T) {
	seen := map[string]bool{digest(Builtin()): true}
	for _, text := range []string{"", sourceOf("Some", "there", someKey), sourceOf("Other", "there", someKey), sourceOf("Some", "there", "00"+someKey[2:])} {
		p, err := parsePublished([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		set := *Builtin()
		set.Published = p
		if d := digest(&set); seen[d] {
			t.Errorf("one digest for two lists: %q", text)
		} else {
			seen[d] = true
		}
	}
}
