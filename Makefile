# SPDX-License-Identifier: GPL-2.0-only
# failcnt: `sudo make run` installs what is missing, builds and starts failcnt watch;
# `sudo make test` builds and passes every test.

VERSION := 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
BUILD ?= build
CLANG ?= clang
CC ?= cc
BPFTOOL ?= $(firstword $(shell command -v bpftool 2>/dev/null) /usr/sbin/bpftool)
ARCH := $(shell uname -m)
BPF_ARCH := $(if $(filter aarch64 arm64,$(ARCH)),arm64,x86)

CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes
override CPPFLAGS += -D_GNU_SOURCE -DFAILCNT_VERSION='"$(VERSION)"' -I$(BUILD)
ALL_CFLAGS = -std=gnu11 $(WARN) $(CPPFLAGS) $(CFLAGS)
LIBS := -lbpf -lelf -lz

SRC := $(wildcard user/*.c)
OBJ := $(SRC:user/%.c=$(BUILD)/user/%.o)
BPF_SRC := $(wildcard bpf/*.h bpf/*.def bpf/*.c) vmlinux/vmlinux.h

all: $(BUILD)/failcnt

$(BUILD)/user $(BUILD)/unit $(BUILD)/live $(BUILD)/vm:
	@mkdir -p $@

$(BUILD)/failcnt.bpf.o: $(BPF_SRC) | $(BUILD)/user
	$(CLANG) -g -O2 -Wall -Wextra -Wno-unused-parameter -target bpf -D__TARGET_ARCH_$(BPF_ARCH) \
		-Ivmlinux -Ibpf -c bpf/failcnt.bpf.c -o $@

$(BUILD)/failcnt.skel.h: $(BUILD)/failcnt.bpf.o
	$(BPFTOOL) gen object $(BUILD)/failcnt.linked.o $<
	$(BPFTOOL) gen skeleton $(BUILD)/failcnt.linked.o name failcnt_bpf > $@.tmp
	mv $@.tmp $@

$(BUILD)/user/%.o: user/%.c $(BUILD)/failcnt.skel.h Makefile | $(BUILD)/user
	$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/failcnt: $(OBJ)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@

$(BUILD)/failcnt.static: $(OBJ)
	$(CC) $(ALL_CFLAGS) -static $(LDFLAGS) $^ $(LIBS) -o $@

clean:
	rm -rf $(BUILD)

-include $(OBJ:.o=.d)
.PHONY: all clean
.DELETE_ON_ERROR:
