# cap-audit: `make help` lists the targets.

# What the project says of itself: `make fill` writes it into the packages' files.
VERSION    := 0.1.0
MAINTAINER := The cap-audit authors <cap-audit@example.org>
HOMEPAGE   := https://github.com/cap-audit/cap-audit

PREFIX  ?= /usr
DESTDIR ?=
BINDIR  ?= $(PREFIX)/bin
MANDIR  ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share
LIBEXECDIR ?= $(PREFIX)/libexec

CLANG      ?= clang
LLVM_STRIP ?= llvm-strip
CC         ?= cc
# looked up when used: the first build may have to install it
GO          = $(shell scripts/install-build-deps --go)

# The machine that is built for, as Go calls it. Asked of uname: the first build has no Go yet.
GOARCH   ?= $(patsubst aarch64,arm64,$(patsubst x86_64,amd64,$(shell uname -m)))
BPF_ARCH  = $(patsubst amd64,x86,$(GOARCH))

# What is done before anything else. DEPS= leaves it out: a package's build has
# declared what it needs, and has no network.
DEPS := deps

# STATIC=1 links libbpf.a; libelf, zlib and libcap-ng stay shared.
STATIC ?=
# without what writes manual pages from the table of options, which nothing here uses
TAGS    = urfave_cli_no_docs$(if $(STATIC),$(comma)static)
comma  := ,
# for packages: more flags for Go's linker
GO_LDFLAGS ?=
# -trimpath and a fixed build id: the same bytes wherever they are built
GOBUILD = $(GO) build -trimpath -buildvcs=false -tags $(TAGS) \
	-ldflags '-X main.version=$(VERSION) -buildid= $(GO_LDFLAGS)'

PROGRAMS = $(patsubst test/programs/%.c,build/programs/%,$(wildcard test/programs/*.c)) build/programs/tree-static build/programs/calls-static build/programs/callers-static build/programs/callers-go build/programs/ways-static $(if $(filter amd64,$(GOARCH)),build/programs/int80-i386)

.PHONY: all
all: cap-audit cap-audit-cri ## build ./cap-audit, and ./cap-audit-cri that it asks for pods (STATIC=1 links libbpf statically)

.PHONY: deps deps-test
deps: ## install what is missing to build
	@scripts/install-build-deps build
deps-test: ## install what is missing to test
	@scripts/install-build-deps

# The object is CO-RE and made without vmlinux.h, BTF or kernel headers. Paths
# are mapped away, so that two machines make the same bytes. clang 22 warns of
# what libbpf's BPF_CORE_READ does with const types; older ones do not know that.
# A third of what it makes nobody reads: labels, and where lines of source are in
# an object that is not linked.
bpf/cap_audit.bpf.o: bpf/cap_audit.bpf.c $(wildcard bpf/*.h) | $(DEPS)
	$(CLANG) -g -O2 -mcpu=v3 -target bpf -D__TARGET_ARCH_$(BPF_ARCH) -Wall -Wextra -Wno-unused-parameter \
		-Wno-unknown-warning-option -Wno-default-const-init-var-unsafe -Werror \
		-ffile-prefix-map=$(CURDIR)=. -fdebug-compilation-dir=. -c $< -o $@.tmp
	$(LLVM_STRIP) -g --remove-section=.rel.BTF.ext --wildcard --strip-symbol='LBB*' $@.tmp
	mv $@.tmp $@

.PHONY: cap-audit
cap-audit: bpf/cap_audit.bpf.o | $(DEPS)
	$(GOBUILD) -o $@ .

# Needs no kernel half.
.PHONY: cap-audit-cri
cap-audit-cri: | $(DEPS)
	$(GOBUILD) -o $@ ./cri

build/programs/%: test/programs/%.c $(wildcard test/programs/*/*.h) | $(DEPS)
	@mkdir -p $(@D)
	$(CC) -O2 -Wall -Wextra -Werror -pthread -o $@ $<

# for containers, which have no C library
build/programs/%-static: test/programs/%.c | $(DEPS)
	@mkdir -p $(@D)
	$(CC) -O2 -Wall -Wextra -Werror -pthread -static -o $@ $<

# without a C library
build/programs/callers-go: test/programs/callers/callers.go | $(DEPS)
	@mkdir -p $(@D)
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -o $@ $<

# No C library: no 32-bit one is installed, and pointers must fit 32 bits.
BARE = -O2 -Wall -Wextra -Werror -ffreestanding -nostdlib -static -no-pie -fno-pie -fno-stack-protector
build/programs/int80: test/programs/int80.c | $(DEPS)
	@mkdir -p $(@D)
	$(if $(filter amd64,$(GOARCH)),$(CC) $(BARE) -o $@ $<,true)
# without the padding to pages
build/programs/tiny: test/programs/tiny.c | $(DEPS)
	@mkdir -p $(@D)
	$(CC) $(BARE) -Wl,-n,-z,noseparate-code,--build-id=none -s -o $@ $<
build/programs/int80-i386: test/programs/int80.c | $(DEPS)
	@mkdir -p $(@D)
	$(CC) -m32 $(BARE) -o $@ $<
# wants lld, and a kernel with Arm's 32-bit calls: only scripts/cross-arm64 makes it
build/programs/int80-arm: test/programs/int80.c
	@mkdir -p $(@D)
	$(CLANG) --target=armv7-linux-gnueabi -fuse-ld=lld -Qunused-arguments $(BARE) -o $@ $<

.PHONY: programs
programs: $(PROGRAMS)

build/e2e.test: bpf/cap_audit.bpf.o FORCE
	@mkdir -p build
	$(GO) test -c -o $@ ./test/e2e
.PHONY: FORCE
FORCE:

.PHONY: test
test: test-host ## test-host, test-long, a part of the end-to-end suite in VMs with other kernels (test/vm/ci), test-packages
	$(MAKE) test-long
	$(MAKE) test-vm-ci
	$(MAKE) test-packages PACKAGES=amd64

# Shows what fails, and at the end how many there were; cut off, leaves nothing.
# In the place of the shell, so that it sees make's end. Many tests wait most of
# the time: more packages, and tests of each, at a time than there are CPUs. The
# longest come first.
build/runner: FORCE
	@mkdir -p build
	$(GO) build -o $@ ./test/runner
SUITE = CAP_AUDIT=$(CURDIR)/cap-audit CAP_AUDIT_PROGRAMS=$(CURDIR)/build/programs exec build/runner build/$@.log \
	$(GO) test -json -count=1 -p $$(($$(nproc) + 1)) -parallel $$(($$(nproc) * 2)) -timeout 2h

# staticcheck's modules are not the program's: they have a module file of their own.
.PHONY: lint
lint: deps-test bpf/cap_audit.bpf.o ## go vet, staticcheck, and shellcheck of every script
	$(GO) vet ./...
	$(GO) tool -modfile=scripts/staticcheck/go.mod staticcheck ./...
	scripts/lint-shell

.PHONY: test-host
test-host: lint cap-audit cap-audit-cri programs build/runner ## lint, unit tests, then the end-to-end suite on the running kernel (needs root)
	$(SUITE) -skip '^TestLong' ./test/e2e ./test/real ./...

.PHONY: test-long
test-long: deps-test cap-audit cap-audit-cri build/cap-audit programs build/runner ## what test-host leaves out: the tests named TestLong..., which take minutes
	CAP_AUDIT_STATIC=$(CURDIR)/build/cap-audit $(SUITE) -run '^TestLong' ./...

PACKAGES ?= all
.PHONY: test-packages
test-packages: deps-test build/runner ## build the packages as distributions do, install them, run them (needs root, a Debian mirror); PACKAGES=amd64 leaves out arm64's
	CAP_AUDIT_PACKAGES=$(PACKAGES) $(SUITE) ./test/packages

# What the VMs run: they have no newer libbpf than their own Debian, nor its
# glibc's newer symbols.
build/cap-audit: STATIC := 1
build/cap-audit: bpf/cap_audit.bpf.o FORCE | $(DEPS)
	@mkdir -p $(@D)
	$(GOBUILD) -o $@ .

.PHONY: test-vm-ci
test-vm-ci: build/cap-audit build/e2e.test build/systemd.test programs build/runner
	exec build/runner build/$@.log test/vm/ci

.PHONY: test-unit
test-unit: bpf/cap_audit.bpf.o ## unit tests alone, which need neither privileges nor a network
	$(GO) test -count=1 -vet=off $$($(GO) list ./... | grep -v /test/)

KERNEL ?=
.PHONY: test-vm
test-vm: build/cap-audit build/e2e.test build/systemd.test build/simulated.test build/systemd-bookworm.test programs ## the end-to-end suite in VMs: all kernels and backends, or KERNEL="6.1 7.3:fentry"
	test/vm/suite $(KERNEL)

build/real.test: bpf/cap_audit.bpf.o FORCE
	@mkdir -p build
	$(GO) test -c -o $@ ./test/real

.PHONY: test-vm-truth
test-vm-truth: build/cap-audit build/real.test programs ## the truth suite in a VM that has all capabilities
	test/vm/fetch-kernel 6.1
	test/vm/mkrootfs bookworm
	test/vm/run -k 6.1 -t 1500 -f build/cap-audit:usr/local/bin/cap-audit -f build/real.test:usr/local/lib/cap-audit/real.test \
		-f build/programs:usr/local/lib/cap-audit/programs test/vm/truth.sh

build/systemd.test: FORCE
	@mkdir -p build
	$(GO) test -c -o $@ ./test/services
build/simulated.test build/systemd-bookworm.test: build/systemd.test
	cp $< $@

.PHONY: test-vm-systemd
test-vm-systemd: build/cap-audit build/systemd.test programs ## services of a system that systemd runs, in a VM
	test/vm/suite 6.1:systemd

.PHONY: hunt
hunt: deps-test cap-audit programs ## hunt for capabilities that are recommended and not needed, or ruled out and asked for: for the night (needs root)
	CAP_AUDIT=$(CURDIR)/cap-audit CAP_AUDIT_PROGRAMS=$(CURDIR)/build/programs $(GO) test -count=1 -timeout 3h -run 'Hunt|LongReach' ./test/real -hunt

FUZZTIME ?= 10m
.PHONY: fuzz
fuzz: deps-test bpf/cap_audit.bpf.o ## fuzz what reads bytes from outside, each target for FUZZTIME in turn: for the night
	GO=$(GO) scripts/fuzz $(FUZZTIME) $(FUZZ)

.PHONY: test-image
test-image: deps-test programs build/runner ## the container image alone: built, and run by podman
	$(SUITE) ./test/image

SOAK ?= 1h
.PHONY: soak
soak: deps-test cap-audit programs ## audits beside each other, ended in all ways, for an hour or SOAK=TIME: nothing may be left
	CAP_AUDIT_SOAK=$(SOAK) CAP_AUDIT=$(CURDIR)/cap-audit CAP_AUDIT_PROGRAMS=$(CURDIR)/build/programs \
		$(GO) test -count=1 -v -timeout 0 ./test/soak

# needs no C library: it runs in any VM
build/bench: FORCE
	@mkdir -p build
	CGO_ENABLED=0 $(GO) build -o $@ ./test/bench

.PHONY: bench
bench: deps-test cap-audit programs build/bench ## measure what an audit costs, into docs/performance.md: ten minutes of a quiet machine (needs root)
	@# as it is installed: of a copy, the kernel maps less than of the linker's own file
	install -D cap-audit build/installed/cap-audit
	CAP_AUDIT=$(CURDIR)/build/installed/cap-audit CAP_AUDIT_PROGRAMS=$(CURDIR)/build/programs exec build/bench docs/performance.md

.PHONY: bench-vm
bench-vm: build/cap-audit programs build/bench ## measure the same in VMs, for other kernels and backends: KERNEL="6.12:fentry 6.12:kprobe", an hour
	test/vm/bench -p docs/performance.md $(or $(KERNEL),6.12:fentry 6.12:kprobe)

.PHONY: demo
demo: cap-audit ## build, then audit a program that needs a capability
	./cap-audit -- dmesg --level emerg

.PHONY: install
install: cap-audit cap-audit-cri ## install under $(DESTDIR)$(PREFIX)
	install -D -m 755 cap-audit $(DESTDIR)$(BINDIR)/cap-audit
	install -D -m 755 cap-audit-cri $(DESTDIR)$(LIBEXECDIR)/cap-audit/cap-audit-cri
	install -D -m 644 man/cap-audit.8 $(DESTDIR)$(MANDIR)/man8/cap-audit.8
	install -D -m 644 report/schema.json $(DESTDIR)$(DATADIR)/cap-audit/report.schema.json
	install -D -m 644 report/diff-schema.json $(DESTDIR)$(DATADIR)/cap-audit/diff.schema.json
	install -D -m 644 report/reach-schema.json $(DESTDIR)$(DATADIR)/cap-audit/reach.schema.json
	install -D -m 644 policy/schema.json $(DESTDIR)$(DATADIR)/cap-audit/policy.schema.json
	install -D -m 644 completions/cap-audit.bash $(DESTDIR)$(DATADIR)/bash-completion/completions/cap-audit
	install -D -m 644 completions/_cap-audit $(DESTDIR)$(DATADIR)/zsh/site-functions/_cap-audit
	install -D -m 644 completions/cap-audit.fish $(DESTDIR)$(DATADIR)/fish/vendor_completions.d/cap-audit.fish
	install -D -m 644 -t $(DESTDIR)$(DATADIR)/doc/cap-audit/how-to docs/how-to/*.md

# Two tarballs: the source of REF, and the modules for builders without a
# network, with their licences and an SBOM. Sorted, with the commit's time: the
# same bytes whoever makes them.
DIST := cap-audit-$(VERSION)
REF  ?= HEAD
.PHONY: dist
dist: ## make the release tarballs, build/cap-audit-VERSION{,-vendor}.tar.gz
	rm -rf build/dist
	mkdir -p build/dist
	git archive --prefix=$(DIST)/ $(REF) >build/dist/source.tar
	tar -C build/dist -xf build/dist/source.tar
	cd build/dist/$(DIST) && $(GO) mod vendor -o ../vendor
	cd build/dist/$(DIST) && $(GO) list -e -deps -f '{{with .Module}}{{.Path}}{{end}}' . ./cri >../linked
	cd build/dist/$(DIST)/packaging/sbom && $(GO) run . $(VERSION) ../../../vendor ../debian/copyright <../../../linked
	gzip -9n <build/dist/source.tar >build/$(DIST).tar.gz
	tar -C build/dist --sort=name --mtime=@$$(git log -1 --format=%ct $(REF)) --owner=0 --group=0 --numeric-owner \
		--mode=u=rwX,go=rX -cf - vendor | gzip -9n >build/$(DIST)-vendor.tar.gz
	rm -r build/dist

.PHONY: fill
fill: ## write version, maintainer and homepage into the packages' files
	packaging/fill '$(VERSION)' '$(MAINTAINER)' '$(HOMEPAGE)'

.PHONY: clean
clean: ## remove what was built
	rm -rf cap-audit cap-audit-cri bpf/cap_audit.bpf.o build

.PHONY: help
help: ## show this
	@awk -F ':.*## ' '/^[a-z -]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
