# SPDX-License-Identifier: BSD-2-Clause
# Barewire. `make help` lists the targets.

VERSION  := 0.1.0
BUILD    ?= build
COMPILER ?= gcc# or clang
CONFIG   ?= iso/barewire.conf

ifeq ($(COMPILER),clang)
CC       := clang-19
WARNINGS := -Wno-gnu-designator
TRAPS    := -fsanitize=array-bounds,signed-integer-overflow,shift,integer-divide-by-zero -fsanitize-trap=all
else ifeq ($(COMPILER),gcc)
CC       := gcc
WARNINGS :=
TRAPS    := -fsanitize=bounds-strict,signed-integer-overflow,shift,integer-divide-by-zero \
            -fsanitize-undefined-trap-on-error
else
$(error COMPILER=$(COMPILER), expected gcc or clang)
endif
Q := $(if $(V),,@)
say = @printf '  %-7s %s\n' $(1) $(2)

DEPS := $(BUILD)/deps

# --- what the image is made of --------------------------------------------------------------------

SOURCES := $(wildcard boot/*.S boot/*.c kernel/*.S kernel/*.c drivers/*/*.c net/*.c net/stack/*.c)
# What may run in ring 3 as well: it refers to nothing outside itself (tools/check-ring3).
RING3   := $(wildcard drivers/domain/*.c drivers/virtio/burst*.c drivers/virtio/order.c drivers/ixgbe/ring_*.c \
             drivers/*/misdeeds.c)
OBJECTS := $(SOURCES:%=$(BUILD)/%.o) $(BUILD)/font.o $(BUILD)/status_page.o
ARCHIVES := $(DEPS)/lwip/liblwip.a $(DEPS)/inih/libinih.a \
            $(DEPS)/newlib/lib/libc.a $(DEPS)/newlib/lib/libm.a

WARNINGS += -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes -Wundef \
            -Wvla -Werror

# Asked once. (Not $(file <...): GNU make 4.3 sometimes leaves the line's end in it.)
ABI               := $(shell cat deps/abi-flags)
COMPILER_INCLUDES := $(shell $(CC) -print-file-name=include)

# No header but ours, the compiler's own and newlib's is seen.
INCLUDES = -iquote . -I net/stack -nostdinc -isystem $(DEPS)/lwip/include \
           -isystem $(DEPS)/inih/include -isystem $(DEPS)/newlib/include \
           -isystem $(COMPILER_INCLUDES)
CPPFLAGS = $(INCLUDES) -D__DYNAMIC_REENT__ -DBAREWIRE_VERSION='"$(VERSION)"' -MMD -MP
CFLAGS   = -std=gnu17 -O2 -g $(TRAPS) $(ABI) -fno-omit-frame-pointer \
           -fstack-protector-strong -mstack-protector-guard=global -ffunction-sections \
           -fdata-sections -fno-asynchronous-unwind-tables -ffile-prefix-map=$(CURDIR)=. $(WARNINGS)
# No vector state to save at a crossing, no constants and no guard outside the text.
$(RING3:%=$(BUILD)/%.o): CFLAGS += -mgeneral-regs-only -fno-stack-protector -fno-jump-tables \
                                -momit-leaf-frame-pointer
# The linker script separates what may be executed, read and written: the linker must not merge.
LDFLAGS  = -nostdlib -static -no-pie -Wl,--gc-sections -Wl,--build-id=none \
           -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -Wl,--fatal-warnings -T linker.ld
LINK     = gcc $(LDFLAGS) -o $(1) $(OBJECTS) $(2) -Wl,--start-group $(ARCHIVES) -Wl,--end-group -lgcc

.DELETE_ON_ERROR:
.PHONY: all help deps elf iso listing run gdb qemu-82599 bench bench-latency bench-vm bench-guest tests test \
        test-faults test-dma-faults test-flips soak fuzz fuzzers flags check clean FORCE

all: elf $(BUILD)/barewire.iso ## the image: barewire.elf and barewire.iso (BUILD=build)
elf: $(BUILD)/barewire.elf
iso: $(BUILD)/barewire.iso ## the bootable image; CONFIG=FILE is the configuration in it

help: ## this text
	@echo 'Barewire $(VERSION). Targets (COMPILER=gcc|clang, BUILD=folder, V=1 shows commands):'
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | sort | expand -t 18

# --- third-party parts ----------------------------------------------------------------------------

# Fetched, checked and built once for all build folders (deps/fetch says where), then linked here.
DEPS_READY := $(DEPS)/.ready
DEPS_MADE  := $(DEPS)/newlib/lib/libc.a $(DEPS)/lwip/liblwip.a $(DEPS)/inih/libinih.a \
              $(DEPS)/font/console.psf

deps: ## installs the Debian packages and builds the third-party parts
	$(Q)deps/install
	$(Q)deps/fetch $(DEPS)
	$(Q)touch $(DEPS_READY)

# Again when a recipe changed, or the cache was emptied.
$(DEPS_READY): $(wildcard deps/*) net/stack/lwipopts.h net/stack/arch/cc.h \
               $(if $(filter-out $(wildcard $(DEPS_MADE)),$(DEPS_MADE)),FORCE)
	$(Q)deps/install build iso
	$(Q)deps/fetch $(DEPS)
	$(Q)touch $@

# --- the image ------------------------------------------------------------------------------------

$(BUILD)/%.c.o: %.c $(DEPS_READY) $(BUILD)/.compiler Makefile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/%.S.o: %.S $(DEPS_READY) $(BUILD)/.compiler Makefile
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/font.o: $(DEPS_READY)
	$(call say,FONT,$(DEPS)/font/console.psf)
	$(Q)printf '%s\n' '.section .rodata.console_font, "a"' \
	    '.global console_font_start, console_font_end' 'console_font_start:' \
	    '.incbin "$(DEPS)/font/console.psf"' 'console_font_end:' \
	    '.section .note.GNU-stack, "", @progbits' | $(CC) -c -x assembler -o $@ -

$(BUILD)/status_page.o: net/stack/web/status.html $(DEPS_READY)
	$(call say,PAGE,$<)
	$(Q)printf '%s\n' '.section .rodata.status_page, "a"' \
	    '.global status_page_start, status_page_end' 'status_page_start:' \
	    '.incbin "$<"' 'status_page_end:' \
	    '.section .note.GNU-stack, "", @progbits' | $(CC) -c -x assembler -o $@ -

# Two links: the addresses of the first make the table of names, which the second takes in. The
# table lies behind the text and so moves none of it; the script checks that it did not.
$(BUILD)/barewire.elf: $(OBJECTS) linker.ld tools/symbols tools/check-ring3 tools/check-drivers
	$(call say,LINK,$@)
	$(Q)tools/symbols --empty >$(BUILD)/symbols-0.S
	$(Q)$(CC) -c -o $(BUILD)/symbols-0.o $(BUILD)/symbols-0.S
	$(Q)$(call LINK,$(BUILD)/barewire.first,$(BUILD)/symbols-0.o)
	$(Q)tools/symbols $(BUILD)/barewire.first >$(BUILD)/symbols-1.S
	$(Q)$(CC) -c -o $(BUILD)/symbols-1.o $(BUILD)/symbols-1.S
	$(Q)$(call LINK,$(BUILD)/barewire.debug,$(BUILD)/symbols-1.o)
	$(Q)tools/symbols --compare $(BUILD)/barewire.first $(BUILD)/barewire.debug
	$(Q)tools/check-ring3 $(BUILD)/barewire.debug $(RING3:%=$(BUILD)/%.o)
	$(Q)tools/check-drivers $(BUILD)
	$(Q)objcopy --strip-all $(BUILD)/barewire.debug $@.new
	$(Q)mv $@.new $@

$(BUILD)/barewire.iso: $(BUILD)/barewire.elf $(CONFIG) iso/grub.cfg tools/make-iso $(BUILD)/.config
	$(call say,ISO,$@)
	$(Q)tools/make-iso $(BUILD)/barewire.elf $(CONFIG) $@

# Each changes when another file, or another compiler, is named.
$(BUILD)/.config: named = $(CONFIG)
$(BUILD)/.compiler: named = $(COMPILER)
$(BUILD)/.config $(BUILD)/.compiler: FORCE
	@mkdir -p $(@D)
	@echo '$(named)' | cmp -s - $@ || echo '$(named)' >$@

listing: $(BUILD)/barewire.elf ## barewire.asm (disassembly with source) and barewire.sym
	$(Q)objdump -dS $(BUILD)/barewire.debug >$(BUILD)/barewire.asm
	$(Q)nm -n $(BUILD)/barewire.debug >$(BUILD)/barewire.sym

# --- running --------------------------------------------------------------------------------------

PORTS ?= virtio

run: all ## boots it in QEMU between two hosts; PORTS=virtio|ixgbe|mixed
	$(Q)deps/install run
	$(Q)BUILD=$(BUILD) qemu/demo --ports $(PORTS)

qemu-82599: ## builds the QEMU with the 82599 in it and prints its path
	$(Q)qemu/82599/build

gdb: all ## gdb on the image in QEMU; GDB_RUN holds arguments of qemu/run
	$(Q)deps/install run gdb
	$(Q)BUILD=$(BUILD) tools/debug $(BUILD)/barewire.debug $(GDB_RUN)

# The measuring program links the image's own objects (no copies, no other flags: code for the top
# 2 GiB of the address space runs in the bottom 2 GiB of a process too) with simulated cards.
BENCH_INSIDE  := bench/start.c bench/touch.c
BENCH_HOSTED  := $(filter-out $(BENCH_INSIDE),$(wildcard bench/*.c))
BENCH_OBJECTS := $(patsubst %,$(BUILD)/%.o,net/forward.c net/buffers.c net/audit.c net/wire.c \
                   net/bounce.c net/counters.c net/local.c net/bridge.c net/bridge_burst.c net/bridge_sort.c net/decisions.c net/fdb.c \
                   $(wildcard net/proxy*.c) net/judge.c net/withheld.c net/restarts.c \
                   $(BENCH_INSIDE) \
                   $(wildcard drivers/ixgbe/*.c drivers/virtio/*.c drivers/domain/*.c)) \
                 $(BENCH_HOSTED:%.c=$(BUILD)/%.o)

$(BENCH_HOSTED:%.c=$(BUILD)/%.o): $(BUILD)/%.o: %.c Makefile
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)gcc -std=gnu17 -O2 -g -fno-pie -iquote . $(WARNINGS) -MMD -MP -c -o $@ $<

$(BUILD)/bench/measure: $(BENCH_OBJECTS)
	$(call say,HOSTLD,$@)
	$(Q)gcc -no-pie -o $@ $^ -ldl -lm

bench: $(BUILD)/bench/measure ## instructions, cycles, doorbells, cache misses a packet: path x batch
	$(Q)deps/install bench
	$(Q)BUILD=$(BUILD) bench/run

bench-latency: $(BUILD)/bench/measure ## how long a frame waits in the box at 1, 10 and 20 Mpps
	$(Q)BUILD=$(BUILD) bench/latency

bench-vm: all ## frames a second and round trips, against DPDK and a bridge of Linux as guests
	$(Q)deps/install test
	$(Q)BUILD=$(BUILD) bench/vm/run

bench-guest: all ## instructions a frame in the guest, on 82599 and virtio, against DPDK
	$(Q)BUILD=$(BUILD) bench/guest/run

# --- tests ----------------------------------------------------------------------------------------

# A test is one program, compiled for the host with the files of the tree that its line
# `// links: FILE...` names. Sanitizers end it at the first fault.
TESTS       := $(wildcard tests/unit/test_*.c tests/driver/test_*.c)
TEST_BINARY := $(TESTS:%.c=$(BUILD)/host/%)
TEST_FLAGS  := -std=gnu17 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
               -fno-omit-frame-pointer -iquote . $(WARNINGS)
# Drivers meet a simulated card in the same process: their register accesses become calls.
$(BUILD)/host/drivers/%.o $(BUILD)/host/tests/driver/%.o: TEST_FLAGS += -DMMIO_HOOKS
TEST_VERSION = -DBAREWIRE_VERSION='"$(VERSION)"'
links = $(shell sed -n 's|^//.*links: ||p' $(1))

tests: $(TEST_BINARY)

$(BUILD)/host/%.c.o: %.c $(DEPS_READY) Makefile
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)gcc $(TEST_FLAGS) $(TEST_VERSION) -isystem $(DEPS)/inih/include -MMD -MP -c -o $@ $<

.SECONDEXPANSION:
$(TEST_BINARY): $(BUILD)/host/%: $(BUILD)/host/%.c.o \
                $$(patsubst $$(percent),$(BUILD)/host/$$(percent).o,$$(call links,$$*.c))
	$(call say,HOSTLD,$@)
	$(Q)gcc $(TEST_FLAGS) -o $@ $^ $(DEPS)/inih/libinih-host.a -lcmocka
percent := %
.SECONDARY:

test: deps ## builds, then runs unit, driver and system tests
	$(Q)qemu/82599/build >/dev/null
	$(Q)deps/promtool >/dev/null
	$(Q)$(MAKE) --no-print-directory -k -j$$(nproc) all tests; echo $$? >$(BUILD)/.build-status
	$(Q)BUILD=$(BUILD) tests/run --build-status $$(cat $(BUILD)/.build-status) \
	    $(TEST_BINARY) tests/system tests/model tests/bench tests/fuzz

test-faults: all ## injects every fault into drivers, in ring 3 and in ring 0, and makes the table of it
	$(Q)deps/install test
	$(Q)BUILD=$(BUILD) /usr/bin/python3 -m pytest -q -p no:cacheprovider tests/system/test_faults.py
	$(Q)tools/docs-table faults $(BUILD)/faults.json docs/isolation.md

test-dma-faults: all ## cards that reach for what is not theirs, with and without VT-d: a table
	$(Q)deps/install test
	$(Q)BUILD=$(BUILD) /usr/bin/python3 -m pytest -q -p no:cacheprovider tests/system/test_dma_faults.py
	$(Q)tools/docs-table dma-faults $(BUILD)/dma-faults.json docs/isolation.md

SOAK_SECONDS ?= 600

soak: deps all ## mixed traffic, flaps and restarts on all kinds of cards for SOAK_SECONDS (600)
	$(Q)qemu/82599/build >/dev/null
	$(Q)BUILD=$(BUILD) SOAK_SECONDS=$(SOAK_SECONDS) /usr/bin/python3 -m pytest -q -s \
	    -p no:cacheprovider tests/system/test_endurance.py -k soak

test-flips: all ## changes 4 x FLIPS (6000) random bits of drivers in ring 3 while frames cross
	$(Q)deps/install test
	$(Q)BUILD=$(BUILD) FLIPS=$${FLIPS:-6000} /usr/bin/python3 -m pytest -q -p no:cacheprovider tests/system/test_flips.py
	$(Q)tools/docs-table flips $(BUILD)/flips.json docs/isolation.md

# Each tests/fuzz/fuzz_NAME.c is a libFuzzer target that starts from the corpus beside it.
FUZZ_SECONDS ?= 60
FUZZERS      := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_FLAGS   := -std=gnu17 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
                -DMMIO_HOOKS -iquote . -isystem $(DEPS)/inih/include -I net/stack \
                -isystem $(DEPS)/lwip/include
# lwIP with the same sanitizers, and without the checksums, which a fuzzer does not guess.
FUZZ_LWIP    := $(BUILD)/fuzz/liblwip.a
NO_CHECKSUMS := $(patsubst %,-DCHECKSUM_CHECK_%=0,IP TCP UDP ICMP ICMP6)

fuzz: deps fuzzers ## fuzzes each target for FUZZ_SECONDS (60)
	$(Q)for name in $(FUZZERS:fuzz_%=%); do \
	    mkdir -p $(BUILD)/fuzz/$$name && $(BUILD)/fuzz/fuzz_$$name -max_len=4096 -verbosity=1 \
	        -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=$(BUILD)/fuzz/ $(BUILD)/fuzz/$$name \
	        $$(ls -d tests/fuzz/$${name}_corpus 2>/dev/null) || exit 1; done

fuzzers: $(FUZZERS:%=$(BUILD)/fuzz/%)

$(FUZZ_LWIP): $(DEPS_READY) Makefile net/stack/lwipopts.h
	$(call say,FUZZ,$@)
	@rm -rf $(BUILD)/fuzz/lwip && mkdir -p $(BUILD)/fuzz/lwip
	$(Q)ls $(abspath $(DEPS))/lwip/core/*.c $(abspath $(DEPS))/lwip/core/ipv[46]/*.c \
	    $(abspath $(DEPS))/lwip/netif/ethernet.c | (cd $(BUILD)/fuzz/lwip && xargs -n 8 -P $$(nproc) \
	    clang-19 -std=gnu17 -g -O1 -fsanitize=fuzzer-no-link,address,undefined \
	    -fno-sanitize-recover=all -fno-sanitize=alignment $(NO_CHECKSUMS) -I $(CURDIR)/net/stack \
	    -isystem $(abspath $(DEPS))/lwip/include -c)
	$(Q)rm -f $@ && ar rcs $@ $(BUILD)/fuzz/lwip/*.o

$(BUILD)/fuzz/%: tests/fuzz/%.c $$(call links,tests/fuzz/$$*.c) $(FUZZ_LWIP) $(DEPS_READY) FORCE
	$(call say,FUZZ,$@)
	@mkdir -p $(@D)
	$(Q)clang-19 $(FUZZ_FLAGS) -DBAREWIRE_VERSION='"$(VERSION)"' -o $@ $(filter %.c,$^) \
	    $(DEPS)/inih/libinih-host.a $(FUZZ_LWIP) -lcmocka

# For tools that parse the sources as the compiler does.
flags:
	@printf '%s\n' $(filter-out -MMD -MP,$(CPPFLAGS)) $(CFLAGS)

check: deps ## format, warnings of gcc and clang, static analysis, the rules of the tree
	$(Q)BUILD=$(BUILD) tools/check

clean: ## removes the build folder; the cache of third-party parts stays
	rm -rf $(BUILD)

-include $(OBJECTS:.o=.d) $(BENCH_OBJECTS:.o=.d) $(shell find $(BUILD)/host -name '*.d' 2>/dev/null)
