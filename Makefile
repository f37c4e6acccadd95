# Meson and Ninja do the work; these are the commands that people type.
BUILD := build
PREFIX ?= $(or $(prefix),/usr/local)
JOBS ?= $(shell nproc)
HOST_PROGRAM := $(DESTDIR)$(PREFIX)/libexec/adyton/adyton-host
FUZZ_SECONDS ?= 60

.PHONY: all setup-% demo check bench install fuzz nightly clean

all: setup-build $(BUILD)/build.ninja
	ninja -C $(BUILD) -j $(JOBS)

$(BUILD)/build.ninja:
	meson setup --prefix $(PREFIX) --libexecdir libexec $(BUILD)

setup-%:
	@deploy/setup $*

demo: setup-demo all
	examples/demo

check: setup-check all
	tests/run --build $(BUILD)

bench: setup-bench all
	bench/run

# Secret memory counts against RLIMIT_MEMLOCK, so the host program is permitted the one capability that lifts it.
install: all
	meson configure $(BUILD) | grep -q '^ *prefix  *$(PREFIX) ' || \
		meson setup --reconfigure --prefix $(PREFIX) --libexecdir libexec $(BUILD) >/dev/null
	meson install -C $(BUILD) --no-rebuild --quiet $(if $(DESTDIR),--destdir $(abspath $(DESTDIR)))
	setcap cap_ipc_lock=p $(HOST_PROGRAM) || \
		echo "install: until it has that capability, RLIMIT_MEMLOCK bounds protected memory" >&2

fuzz: setup-check
	tests/run --fuzz $(FUZZ_SECONDS)

# What is too long for every change: a second compiler, many more lies, longer fuzzing, every benchmark.
nightly: check
	tests/evil/run.py $(BUILD) --seed 10001 --runs 100000
	tests/step/run.py $(BUILD) --seed 5 --runs 40
	tests/run --build build-clang --compiler clang
	$(MAKE) fuzz FUZZ_SECONDS=900
	$(MAKE) bench

clean:
	rm -rf $(BUILD) build-*
