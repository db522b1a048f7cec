package policy

// Default is the ID of the policy when none is named.
const Default = "r2"

// Builtin returns every built-in policy, the default one first. All read every byte
// back and format.
//
// The last three are the passes that other tools offer under these names. Their
// documents have been withdrawn or replaced, and each of the names stands for the
// passes alone.
func Builtin() []Policy {
	zeros, ones := Fixed(0x00), Fixed(0xff)
	return []Policy{
		// NIST SP 800-88r2 asks for no number of passes. The pattern differs in
		// every sector because a drive may compress, may share equal sectors, and
		// may have less room than it says.
		builtin("r2", "one keyed pass, every byte read back", Keyed),
		// SP 800-88r1, which r2 replaced, had a pattern and its complement for USB
		// sticks.
		builtin("r1", "a keyed pass and its complement, every byte read back", Keyed, Complement),
		builtin("zero", "one pass of zeros, every byte read back: a weaker proof than r2", zeros),
		builtin("random", "one keyed pass, every byte read back: r2 by the name that other tools use", Keyed),
		builtin("dod-3", "a legacy pattern of 00, FF and a keyed pass, every byte read back", zeros, ones, Keyed),
		builtin("is5-enhanced", "a legacy pattern of 00, FF and a keyed pass, every byte read back", zeros, ones, Keyed),
		// Some tools end it with random bytes; the guideline itself had AA.
		builtin("vsitr", "a legacy pattern of three times 00 and FF, then AA, every byte read back", zeros, ones, zeros, ones, zeros, ones, Fixed(0xaa)),
	}
}

func builtin(id, title string, passes ...Pattern) Policy {
	return Policy{Schema: Schema, ID: id, Title: title, Passes: passes, ReadBackPercent: 100, Reformat: true}
}
