#!/bin/bash
# Fetches the test documents and schemas of Debian's libvirt source package, which tests read. Nothing is installed, and
# apt's own configuration is not touched.
#
# Usage: fetch-libvirt-source.sh [SUITE]    prints the directory (default: the suite of this system, or else bookworm)
#
# VIRTKIT_CACHE          where to keep it (default ~/.cache/virtkit)
# VIRTKIT_DEBIAN_MIRROR  Debian's mirror (default http://deb.debian.org/debian)

set -euo pipefail

suite=${1:-}
if [ -z "$suite" ]; then
    suite=bookworm
    if grep -qs '^ID=debian' /etc/os-release; then suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release); fi
fi
mirror=${VIRTKIT_DEBIAN_MIRROR:-http://deb.debian.org/debian}
cache=${VIRTKIT_CACHE:-$HOME/.cache/virtkit}/libvirt
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
target=$cache/$suite

if [ -d "$target" ]; then
    echo "$target"
    exit
fi
for tool in apt-get tar xz; do
    command -v "$tool" >/dev/null || {
        echo "error: $tool is not here: this script fetches Debian's libvirt source package" >&2
        echo "remedy: run it on Debian or Ubuntu, or unpack a libvirt source into $target" >&2
        exit 1
    }
done

work=$(mktemp -d "$cache/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/download" "$work/unpacked"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
if [ ! -e "$keyring" ]; then
    echo "error: $keyring is missing: without it the source can't be trusted" >&2
    echo "remedy: apt-get install debian-archive-keyring" >&2
    exit 1
fi
echo "deb-src [signed-by=$keyring] $mirror $suite main" >"$work/sources.list"
options=(-q -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State=$work/state"
    -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
run() {
    "$@" >"$work/log" 2>&1 || {
        sed 's/^/fetch: | /' "$work/log" >&2
        echo "error: could not fetch the libvirt source of $suite from $mirror" >&2
        echo "remedy: check the network, or name a mirror in VIRTKIT_DEBIAN_MIRROR" >&2
        exit 1
    }
}
echo "fetch: the libvirt source package of $suite" >&2
run apt-get "${options[@]}" update
(cd "$work/download" && run apt-get "${options[@]}" source --download-only libvirt)
# Only what tests read.
run tar -xf "$work"/download/libvirt_*.orig.tar.xz -C "$work/unpacked" --strip-components 1 --wildcards '*.xml' '*.rng'
mv -T "$work/unpacked" "$target"
echo "$target"
