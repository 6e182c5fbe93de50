# SPDX-License-Identifier: GPL-2.0-only
#
# sudo make run      installs what is missing, builds, and starts failcnt watch
# sudo make test     builds and passes every test
# make               builds build/failcnt
# make check         the quick tests: no root, under a minute
# make lint          clang-format, clang --analyze, shellcheck, the rules of the house
# make install       DESTDIR= PREFIX=/usr/local
# make soak          ten minutes of a busy virtual machine on each backend: is what is told true, and all of it?
# make bench         instructions per operation, start time, memory, beside other tools (README.md,
#                    "What it costs"); make bench-readme puts the comparison there
#
# KERNELS="6.1 newest" limits the virtual machines of `make test` to these, KERNELS=none leaves
# them out.

VERSION := 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
BUILD ?= build
KERNELS ?= 5.10 6.1 6.12 6.18 newest
CLANG ?= clang
CC := $(if $(filter default,$(origin CC)),gcc,$(CC))
BPFTOOL ?= $(firstword $(shell command -v bpftool 2>/dev/null) /usr/sbin/bpftool)
ARCH := $(shell uname -m)
BPF_ARCH := $(if $(filter aarch64 arm64,$(ARCH)),arm64,x86)

# Debian's names. What only the tests need is not installed to run.
BUILD_PACKAGES := gcc libc6-dev clang llvm libbpf-dev libelf-dev zlib1g-dev libsqlite3-dev uthash-dev bpftool
TEST_PACKAGES := libcmocka-dev libjson-c-dev libclang-rt-14-dev jq bats shellcheck clang-format \
	qemu-system-x86 cpio gzip xz-utils zstd lz4 binutils util-linux debian-archive-keyring \
	procps psmisc file iproute2 strace bc mandoc e2fsprogs quota stress-ng sqlite3 systemd
# To look at the report's page; without it that test is skipped.
BROWSER_PACKAGES := chromium-headless-shell fonts-dejavu-core

CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes
override CPPFLAGS += -D_GNU_SOURCE -DFAILCNT_VERSION='"$(VERSION)"' -I$(BUILD)
ALL_CFLAGS = -std=gnu11 $(WARN) $(CPPFLAGS) $(CFLAGS)
LIBS := -lbpf -lelf -lz -lsqlite3
FUZZ_CFLAGS = -std=gnu11 $(CPPFLAGS) -O1 -g -w
SAN := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

SRC := $(wildcard user/*.c)
OBJ := $(SRC:user/%.c=$(BUILD)/user/%.o)
SKEL := $(patsubst bpf/%.bpf.c,$(BUILD)/%.skel.h,$(wildcard bpf/*.bpf.c))
BPF_SRC := $(wildcard bpf/*.h bpf/*.def bpf/*.c) vmlinux/vmlinux.h
# Everything that needs no kernel: what the unit tests are linked with.
PURE := $(filter-out user/main.c user/cmd_%.c user/tracer%.c user/start.c user/session%.c user/selftest%.c,$(SRC))
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
FUZZ := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

# For what tests build, a job for each processor, unless make was told how many.
JOBS = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))

# V=1 shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s %s\n' $(1) $(2))

all: $(BUILD)/failcnt

$(BUILD)/user $(BUILD)/san $(BUILD)/unit $(BUILD)/fuzz:
	@mkdir -p $@

# v2: comparisons in both directions, an instruction less in each program that a call passes.
$(BUILD)/%.bpf.o: bpf/%.bpf.c $(BPF_SRC) | $(BUILD)/user
	$(call say,BPF,$@)
	$(Q)$(CLANG) -g -O2 -Wall -Wextra -Wno-unused-parameter -target bpf -mcpu=v2 -D__TARGET_ARCH_$(BPF_ARCH) \
		-Ivmlinux -Ibpf -c $< -o $@

$(BUILD)/%.skel.h: $(BUILD)/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen object $(BUILD)/$*.linked.o $<
	$(Q)$(BPFTOOL) gen skeleton $(BUILD)/$*.linked.o name $*_bpf > $@.tmp
	$(Q)mv $@.tmp $@

$(BUILD)/user/%.o: user/%.c $(SKEL) Makefile | $(BUILD)/user
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/failcnt: $(OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@

# The same sources with the sanitizers, for the unit tests.
$(BUILD)/san/%.o: user/%.c $(BUILD)/holders.skel.h Makefile | $(BUILD)/san
	$(call say,CC-SAN,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(SAN) -MMD -MP -c $< -o $@

$(BUILD)/san/libpure.a: $(PURE:user/%.c=$(BUILD)/san/%.o)
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)ar rcs $@ $^

$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/san/libpure.a $(wildcard tests/unit/*.h)
	$(call say,UNIT,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(SAN) -Wno-missing-prototypes -I. -Iuser -DFIXTURES='"$(CURDIR)/tests/fixtures"' $< \
		$(BUILD)/san/libpure.a -lcmocka -ljson-c $(LIBS) -o $@

# And once more, for all fuzzers.
$(BUILD)/fuzz/user/%.o: user/%.c $(BUILD)/holders.skel.h Makefile
	$(call say,CC-FUZZ,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link,address,undefined -MMD -MP -c $< -o $@

$(BUILD)/fuzz/libpure.a: $(PURE:user/%.c=$(BUILD)/fuzz/user/%.o)
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)ar rcs $@ $^

$(BUILD)/fuzz/%: tests/fuzz/%.c $(BUILD)/fuzz/libpure.a
	$(call say,FUZZ,$@)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer,address,undefined -I. -Iuser $< $(BUILD)/fuzz/libpure.a $(LIBS) -o $@

$(BUILD)/provoke: $(wildcard tests/live/provoke*.c tests/live/provoke*.h)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -O2 -Wall -Wextra -static $(wildcard tests/live/provoke*.c) -o $@

$(BUILD)/soak-load: $(wildcard tests/vm/soak/*.c tests/vm/soak/*.h)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -O2 -Wall -Wextra -static $(wildcard tests/vm/soak/*.c) -o $@

$(BUILD)/report-page: tests/report/page.c $(BUILD)/san/libpure.a
	$(call say,CC-SAN,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(SAN) $< $(BUILD)/san/libpure.a $(LIBS) -o $@

unit: $(UNIT)
fuzz: $(FUZZ)
testbins: all unit fuzz $(BUILD)/provoke $(BUILD)/soak-load $(BUILD)/report-page

# Nothing is asked of the network where nothing is missing.
deps-build:
	@tests/deps.sh $(BUILD_PACKAGES)
deps-test:
	@tests/deps.sh $(BUILD_PACKAGES) $(TEST_PACKAGES)
	@tests/deps.sh $(BROWSER_PACKAGES) || echo "without Chromium the report's page is not looked at" >&2

run: deps-build
	@$(MAKE) --no-print-directory all
	@$(BUILD)/failcnt watch

check:
	@$(MAKE) --no-print-directory $(JOBS) all unit
	@tests/run.sh quick $(BUILD)

test: deps-test
	@$(MAKE) --no-print-directory $(JOBS) testbins
	@KERNELS="$(KERNELS)" tests/run.sh all $(BUILD)

lint:
	@$(MAKE) --no-print-directory all
	@tests/lint.sh $(BUILD)

bench: deps-test
	@$(MAKE) --no-print-directory all $(BUILD)/provoke
	@tests/bench/run.sh $(BUILD)
	@tests/bench/tools.sh $(BUILD)

# The tables of the last `make bench` that compare it with other tools.
bench-readme:
	@tests/bench/tools.sh -r README.md $(BUILD)

# Ten minutes on each backend; `make test` has a short one.
soak: deps-test
	@$(MAKE) --no-print-directory all $(BUILD)/soak-load
	@tests/vm/soak.sh -d 600 -t 10 -j 2 -s "nginx apache postgres" $(BUILD)

install: all
	install -D -m 0755 $(BUILD)/failcnt $(DESTDIR)$(PREFIX)/sbin/failcnt
	install -D -m 0644 user/share/failcnt.8 $(DESTDIR)$(PREFIX)/share/man/man8/failcnt.8
	install -D -m 0644 user/share/failcnt.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/failcnt
	install -d -m 0755 $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|/usr/local/sbin|$(PREFIX)/sbin|' user/share/failcnt.service \
		>$(DESTDIR)$(PREFIX)/lib/systemd/system/failcnt.service
	chmod 0644 $(DESTDIR)$(PREFIX)/lib/systemd/system/failcnt.service

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/sbin/failcnt $(DESTDIR)$(PREFIX)/share/man/man8/failcnt.8 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/failcnt \
		$(DESTDIR)$(PREFIX)/lib/systemd/system/failcnt.service

clean:
	rm -rf $(BUILD)

-include $(wildcard $(BUILD)/user/*.d $(BUILD)/san/*.d $(BUILD)/fuzz/user/*.d)
.PHONY: all unit fuzz testbins deps-build deps-test run check test lint bench bench-readme soak install uninstall clean
.DELETE_ON_ERROR:
.SECONDARY:
