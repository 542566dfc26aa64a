#!/bin/sh
# Hook of mmdebstrap (bases.sh): this machine's Rust toolchain ($SYSROOT), its certificates and its settings of cargo
# ($CARGO) into the stand-in of rust:1-bookworm. $1 is the root.
set -eu
root=$1
mkdir -p "$root/usr/local/cargo/bin" "$root/usr/local/rustup/toolchain"
# What compiles a program; no documentation, no sources, no linters.
(cd "$SYSROOT" && tar -c bin/cargo bin/rustc lib) | tar -x --no-same-owner -C "$root/usr/local/rustup/toolchain"
for program in cargo rustc; do
    ln -s "../../rustup/toolchain/bin/$program" "$root/usr/local/cargo/bin/$program"
done
for settings in config.toml config; do
    [ ! -e "$CARGO/$settings" ] || cp "$CARGO/$settings" "$root/usr/local/cargo/"
done
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
rm -rf "$root"/var/cache/apt/*.bin "$root"/var/lib/apt/lists/*
