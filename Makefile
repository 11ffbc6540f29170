# make run: the main job.  make test: lint and every test.  Each installs what it lacks.

SWIFT ?= swift
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: run build test lint install-openblas toolchain clean

run: build
	@.build/release/moebench

build: toolchain install-openblas
	$(SWIFT) build -c release --product moebench

test: toolchain install-openblas lint
	$(SWIFT) build -c release --build-tests
	$(SWIFT) test -c release --skip-build

lint: toolchain
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Models Tests

toolchain:
	@command -v $(SWIFT) >/dev/null || { \
	  echo "moebench needs Swift 6.2 or newer, and \"$(SWIFT)\" is not on the PATH: see https://www.swift.org/install" >&2; exit 1; }

# The headers tell; pkg-config itself need not be installed.
install-openblas:
	@if [ "$$(uname -s)" = Darwin ]; then \
	  [ -d "$$(brew --prefix openblas 2>/dev/null)" ] || { echo "moebench needs OpenBLAS: brew install openblas" >&2; exit 1; }; \
	elif ! ls /usr/lib/*/pkgconfig/openblas.pc /usr/lib/pkgconfig/openblas.pc /usr/local/lib/pkgconfig/openblas.pc /usr/lib64/pkgconfig/openblas.pc /etc/alternatives/openblas.pc-* >/dev/null 2>&1; then \
	  command -v apt-get >/dev/null || { echo "moebench needs OpenBLAS with its headers: install it with your package manager" >&2; exit 1; }; \
	  echo "installing libopenblas-dev" >&2; \
	  $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq libopenblas-dev >&2; \
	fi

clean:
	rm -rf .build
