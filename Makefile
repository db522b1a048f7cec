# panoscrub: build, try and check. Needs Go and make; more tools widen what is
# tested, and what could not be tested is listed at the end of each run.

GO       ?= go
FUZZTIME ?= 10s
FUZZIN   ?= cmd internal
FUZZLANES ?= $(shell nproc 2>/dev/null || echo 1)
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
COMMIT   ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
LDFLAGS   = -s -w -X github.com/panoscrub/panoscrub/internal/cli.version=$(VERSION) -X github.com/panoscrub/panoscrub/internal/cli.commit=$(COMMIT)
PLATFORMS = linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
PREFIX   ?= /usr/local
STATION  ?= yes
BINDIR    = $(PREFIX)/bin
POLICIES  = $(DESTDIR)/usr/share/polkit-1/actions
UDEVRULES = $(DESTDIR)/usr/lib/udev/rules.d
RUNTESTS  = $(GO) tool gotestsum --format pkgname-and-test-fails --format-hide-empty-pkg --

export CGO_ENABLED = 0

.PHONY: help build demo test lint race fuzz bench e2e cross pictures install uninstall clean

help: ## show this list
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9]+):.*## /  make \1\t/' | expand -t 16

build: ## build bin/panoscrub
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

demo: build ## make a used provisioning drive as an image, and run the whole job on it
	bin/panoscrub demo

test: ## run the tests; skipped ones are listed with what they need
	$(RUNTESTS) ./...

lint: ## vet, gofumpt, staticcheck, go.mod tidiness, and govulncheck where its database answers
	$(GO) vet ./...
	GOOS=windows $(GO) vet ./...
	GOOS=darwin $(GO) vet ./...
	@unformatted=$$($(GO) tool gofumpt -l cmd internal); if [ -n "$$unformatted" ]; then echo "gofumpt: $$unformatted"; exit 1; fi
	$(GO) tool staticcheck ./...
	$(GO) mod tidy -diff
	@out=$$($(GO) tool govulncheck ./... 2>&1); code=$$?; \
	if [ $$code -eq 0 ]; then echo "govulncheck: no known vulnerability is reached"; \
	elif [ $$code -eq 3 ]; then echo "$$out"; exit 1; \
	else echo "NOT RUN: govulncheck: $$(echo "$$out" | tail -1)"; fi

race: ## run the tests under the race detector, in their short form (needs a C compiler)
	CGO_ENABLED=1 $(RUNTESTS) -race -short ./...

fuzz: ## run each fuzz target in FUZZIN (all) for FUZZTIME (10s), FUZZLANES (one a processor) at a time
	@for pkg in $$(grep -rl --include='*_test.go' '^func Fuzz' $(FUZZIN) | xargs -n1 dirname | sort -u); do \
		grep -h '^func Fuzz' $$pkg/*_test.go | sed -E "s|^func (Fuzz[A-Za-z0-9_]*).*|$$pkg \1 $(FUZZTIME)|" | sort -u; \
	done | GO='$(GO)' xargs -P $(FUZZLANES) -L 1 .ci/fuzz

bench: build ## compare overwrite, read-back and inspect with dd, cat and grep on this machine
	PANOSCRUB_BENCH=1 $(GO) test -count 1 -run '^TestBench' -v -timeout 30m ./cmd/panoscrub

e2e: build ## the whole flow on real kernel devices and on a real kernel with emulated sticks (.ci/kernel fetches it), kill -9 at random moments, the long format sweep (root widens it), a minute of random runs
	PANOSCRUB_E2E=1 PANOSCRUB_SWEEP=1 $(RUNTESTS) -count 1 -timeout 30m ./cmd/... ./internal/lab/... ./internal/volume ./internal/scan ./internal/block ./internal/durable ./internal/udisks ./internal/session

cross: ## build for linux, darwin and windows on amd64 and arm64
	@for p in $(PLATFORMS); do echo "build $$p"; GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build -trimpath -o /dev/null ./cmd/panoscrub || exit 1; done

pictures: build ## make the README's picture of a run anew, from the real program
	@mkdir -p testdata/pictures
	@dir=$$(mktemp -d) && cd $$dir && $(CURDIR)/bin/panoscrub demo --dir demo 2>&1 | sed "s|$$dir/||g" | awk -f $(CURDIR)/.ci/picture.awk >$(CURDIR)/testdata/pictures/demo.svg; rm -rf $$dir

install: build ## put the program, its polkit policy and the udev rule for stations in place (DESTDIR, PREFIX, STATION=no)
	install -d $(DESTDIR)$(BINDIR) $(POLICIES)
	install -m 755 bin/panoscrub $(DESTDIR)$(BINDIR)/panoscrub
	sed 's|@BINDIR@|$(BINDIR)|' cmd/panoscrub/install/io.github.panoscrub.policy >$(POLICIES)/io.github.panoscrub.policy
	chmod 644 $(POLICIES)/io.github.panoscrub.policy
	@[ "$(STATION)" = no ] || { set -x; install -d $(UDEVRULES) && install -m 644 cmd/panoscrub/install/70-panoscrub.rules $(UDEVRULES)/; }

uninstall: ## take away what install put in place
	rm -f $(DESTDIR)$(BINDIR)/panoscrub $(POLICIES)/io.github.panoscrub.policy $(UDEVRULES)/70-panoscrub.rules

clean: ## remove what the targets above made
	rm -rf bin
