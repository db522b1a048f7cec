// Command panoscrub sanitizes the USB drive that provisioned an AWS Panorama
// appliance, and proves it. See README.md, or run "panoscrub --help".
package main

import (
	"os"

	"github.com/panoscrub/panoscrub/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
