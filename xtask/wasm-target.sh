#!/usr/bin/env bash
# `cargo xtask wasm-target`: makes `cargo build --target wasm32-wasip2` work with the active Rust toolchain.
#
# Where rustup reaches its servers this is `rustup target add wasm32-wasip2` and nothing more.
# Where it does not (a mirror that carries only Debian packages), the standard library is built
# from Debian's `rust-src` of exactly the same compiler version and Debian's `wasi-libc`, and
# installed where rustup would have put it. Nothing is done when the target is already there.
set -euo pipefail

target=wasm32-wasip2
libdir=$(rustc --print target-libdir --target "$target")
present() { compgen -G "$libdir/libstd-*.rlib" >/dev/null; }

present && { echo "$target: already installed"; exit 0; }
if command -v rustup >/dev/null && timeout 120 rustup target add "$target" >/dev/null 2>&1 && present; then
  echo "$target: installed by rustup"
  exit 0
fi

fail() { echo "wasm-target: $*" >&2; exit 1; }
command -v apt-get >/dev/null || fail "rustup could not add $target, and this is no Debian system to build it on"
version=$(rustc --version | awk '{print $2}')
mirror=$(grep -rhoE '^URIs: *[^ ]+/debian/?$|^deb [^#]*' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null |
  grep -oE '[a-z]+://[^ ]+/debian/?( |$)' | head -n 1 | tr -d ' ' || true)
[ -n "$mirror" ] || fail "found no Debian mirror in this machine's apt sources"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,archives/partial,src,libc,deb}

# Signatures are checked, whatever the mirror: suites other than the machine's own are signed by the
# same archive.
signed=
for keyring in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
  [ -e "$keyring" ] && signed="[signed-by=$keyring]"
done

# apt, reading one suite of the mirror and touching nothing of the system's own lists.
apt_in() {
  local suite=$1 tool=$2
  shift 2
  echo "deb $signed $mirror $suite main" >"$work/sources.list"
  "$tool" -q -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::State::lists="$work/lists" -o Dir::State::status=/dev/null \
    -o Dir::Cache="$work" -o APT::Sandbox::User=root "$@"
}

# Downloads the newest PACKAGE whose version begins with PREFIX out of the first suite that has one.
download() {
  local package=$1 prefix=$2 suite found
  for suite in bookworm bookworm-backports trixie trixie-backports forky sid; do
    apt_in "$suite" apt-get update >/dev/null 2>&1 || continue
    found=$(apt_in "$suite" apt-cache madison "$package" 2>/dev/null | awk '{print $3}' | grep -m 1 "^$prefix" || true)
    [ -n "$found" ] || continue
    (cd "$work/deb" && apt_in "$suite" apt-get download "$package=$found" >/dev/null 2>&1) && return 0
  done
  return 1
}

echo "$target: rustup cannot add it here; building it from Debian's rust-src $version (about a minute)"
download rust-src "$version" || fail "no Debian suite has rust-src $version"
# wasi-libc older than 2024 has no wasip2 build: 0.0~git2025 or newer.
download wasi-libc '0.0~git202[5-9]' || fail "no Debian suite has a wasi-libc with $target"
dpkg-deb -x "$work"/deb/rust-src_*.deb "$work/src"
dpkg-deb -x "$work"/deb/wasi-libc_*.deb "$work/libc"

mkdir -p "$libdir/self-contained"
cp "$work/libc/usr/lib/$target"/{crt1-command.o,crt1-reactor.o,libc.a} "$libdir/self-contained/"
(
  cd "$work"/src/usr/src/rustc-*/library/sysroot
  RUSTC_BOOTSTRAP=1 __CARGO_DEFAULT_LIB_METADATA=stablestd \
    RUSTFLAGS='-Zforce-unstable-if-unmarked -Cembed-bitcode=yes' \
    cargo build --quiet --release --target "$target" --features panic-unwind,backtrace \
    --target-dir "$work/build"
) 2>"$work/build.log" || { tail -n 20 "$work/build.log" >&2; fail "building std failed"; }
cp "$work/build/$target/release/deps"/*.rlib "$libdir/"
present || fail "built std, yet $libdir has no libstd"
echo "$target: installed into $libdir"
