package cli

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/panoscrub/panoscrub/internal/envelope"
	"github.com/panoscrub/panoscrub/internal/human"
)

func (a *app) keyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Make or show the signing key",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.keyInitCommand(), a.keyShowCommand())
	return cmd
}

func (a *app) keyInitCommand() *cobra.Command {
	var (
		algorithm string
		locked    bool
	)
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make the signing key of this state folder",
		Long: `Init makes the key that signs records. It never replaces a key that is there.
The private key's file can be read by its owner only; with --passphrase it is
encrypted as well. Where nobody can type it, the passphrase is the first line of
the file that ` + passphraseFileVariable + ` names.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.keyInit(cmd.Context(), algorithm, locked) },
	}
	cmd.Flags().StringVar(&algorithm, "type", string(defaultAlgorithm), "kind of key: "+strings.Join(algorithmNames(), " or "))
	cmd.Flags().BoolVar(&locked, "passphrase", false, "encrypt the private key with a passphrase")
	return cmd
}

func algorithmNames() []string { return []string{string(envelope.Ed25519), string(envelope.ECDSAP256)} }

func (a *app) keyInit(ctx context.Context, algorithm string, locked bool) error {
	if algorithm != string(envelope.Ed25519) && algorithm != string(envelope.ECDSAP256) {
		return usagef("--type: %q is not one of %s", algorithm, strings.Join(algorithmNames(), ", "))
	}
	state, err := a.stateDir()
	if err != nil {
		return err
	}
	var passphrase []byte
	if locked {
		if passphrase, err = a.newPassphrase(ctx); err != nil {
			return err
		}
		defer clear(passphrase)
	}
	key, err := a.newKey(state, envelope.Algorithm(algorithm), passphrase)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "key id       %s\nprivate key  %s\npublic key   %s\n", key.KeyID(), human.Safe(signingKey(state)), human.Safe(signingKey(state)+".pub"))
	return nil
}

// newPassphrase asks twice, since a mistyped passphrase would lock the key for
// ever.
func (a *app) newPassphrase(ctx context.Context) ([]byte, error) {
	first, err := a.passphrase(ctx)
	if err != nil {
		return nil, err
	}
	if len(first) == 0 {
		return nil, usagef("the passphrase is empty")
	}
	if a.canAsk() {
		second, err := a.askSecret(ctx, "The same passphrase once more: ")
		if err != nil {
			return nil, err
		}
		defer clear(second)
		if !bytes.Equal(first, second) {
			return nil, usagef("the two passphrases differ; no key was made")
		}
	}
	return first, nil
}

func (a *app) keyShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "Print the public key as PEM, for whoever verifies records",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			state, err := a.stateDir()
			if err != nil {
				return err
			}
			public, err := envelope.LoadPublic(signingKey(state) + ".pub")
			if err != nil {
				return err
			}
			fmt.Fprintf(a.stderr, "key id %s\n", public.KeyID())
			_, err = a.stdout.Write(public.PEM())
			return err
		},
	}
}
