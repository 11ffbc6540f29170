# make run: the main job.  make test: lint and every test.  Each installs what it lacks.

SWIFT ?= swift
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: run build completions man test lint check-aarch64 commit install-openblas install-sqlite toolchain clean

run: build
	@.build/release/moebench

build: toolchain install-openblas install-sqlite commit
	$(SWIFT) build -c release --product moebench

test: toolchain install-openblas install-sqlite commit lint
	$(SWIFT) build -c release --build-tests
	$(SWIFT) test -c release --skip-build

lint: toolchain
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Models Tests

# The kernels of AArch64 under emulation; says what is missing where it cannot.
check-aarch64:
	@Tests/AArch64/run.sh

toolchain:
	@command -v $(SWIFT) >/dev/null || { \
	  echo "moebench needs Swift 6.2 or newer, and \"$(SWIFT)\" is not on the PATH: see https://www.swift.org/install" >&2; exit 1; }

# Written only where it changes, so that an unchanged commit compiles nothing.
commit:
	@words="$$(git describe --always --dirty --abbrev=12 --exclude='*' 2>/dev/null)"; \
	line="#define BUILD_INFO_COMMIT \"$$words\""; file=Sources/CBuildInfo/commit.h; \
	[ "$$(cat $$file 2>/dev/null)" = "$$line" ] || { echo "$$line" > $$file && touch Sources/CBuildInfo/build_info.c; }

# The headers tell; pkg-config itself need not be installed.
install-openblas:
	@if [ "$$(uname -s)" = Darwin ]; then \
	  [ -d "$$(brew --prefix openblas 2>/dev/null)" ] || { echo "moebench needs OpenBLAS: brew install openblas" >&2; exit 1; }; \
	elif ! ls /usr/lib/*/pkgconfig/openblas.pc /usr/lib/pkgconfig/openblas.pc /usr/local/lib/pkgconfig/openblas.pc /usr/lib64/pkgconfig/openblas.pc /etc/alternatives/openblas.pc-* >/dev/null 2>&1; then \
	  command -v apt-get >/dev/null || { echo "moebench needs OpenBLAS with its headers: install it with your package manager" >&2; exit 1; }; \
	  echo "installing libopenblas-dev" >&2; \
	  $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq libopenblas-dev >&2; \
	fi

# Past runs are kept in SQLite; macOS brings it along.
install-sqlite:
	@if [ "$$(uname -s)" != Darwin ] && ! ls /usr/include/sqlite3.h /usr/local/include/sqlite3.h >/dev/null 2>&1; then \
	  command -v apt-get >/dev/null || { echo "moebench needs SQLite with its headers: install it with your package manager" >&2; exit 1; }; \
	  echo "installing libsqlite3-dev" >&2; \
	  $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq libsqlite3-dev >&2; \
	fi

# Into .build: complete/ holds a script for each shell, man/ a page for each command.
completions: build
	@mkdir -p .build/complete
	@for shell in bash zsh fish; do .build/release/moebench --generate-completion-script $$shell > .build/complete/moebench.$$shell || exit 1; done
	@ls .build/complete/*

man: build
	@mkdir -p .build/man
	$(SWIFT) package -c release plugin --allow-writing-to-directory .build/man generate-manual --multi-page --output-directory .build/man
	@for name in $$(.build/release/moebench --help | sed -n '/^SUBCOMMANDS/,$$s/^  \([a-z][a-z]*\) .*/\1/p'); do \
	  [ -s .build/man/moebench.$$name.1 ] || { echo "no page for moebench $$name" >&2; exit 1; }; \
	done
	@ls .build/man

clean:
	rm -rf .build
