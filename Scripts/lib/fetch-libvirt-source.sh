#!/bin/bash
# Fetches the XML documents and schemas of Debian's libvirt source package, which tests read. Nothing is installed.
#
# Usage: fetch-libvirt-source.sh [SUITE]    prints the directory (default: bookworm)
#
# VIRTKIT_CACHE, VIRTKIT_DEBIAN_MIRROR: see debian-packages.sh

set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/debian-packages.sh"

suite=${1:-bookworm}
debian_cache
target=$DEBIAN_CACHE/libvirt-source-$suite
if [ -d "$target" ]; then
    echo "$target"
    exit
fi
keys=/usr/share/keyrings/debian-archive-keyring.gpg
[ -s "$keys" ] || debian_fail "Debian's keys are not here ($keys)" "Install them: apt-get install debian-archive-keyring."

work=$(mktemp -d "$DEBIAN_CACHE/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/download" "$work/unpacked"
touch "$work/status"
echo "deb-src [signed-by=$keys] ${VIRTKIT_DEBIAN_MIRROR:-http://deb.debian.org/debian} $suite main" >"$work/sources.list"
debian_configuration "$work" amd64 >"$work/apt.conf"
export APT_CONFIG=$work/apt.conf

debian_say "the libvirt source package of $suite"
if ! (cd "$work/download" && apt-get -q update && apt-get -q source --download-only --tar-only libvirt) >"$work/log" 2>&1; then
    sed 's/^/fetch: | /' "$work/log" >&2
    debian_fail "could not fetch the libvirt source package of $suite" \
        "Check the network, or set VIRTKIT_DEBIAN_MIRROR to a mirror of Debian that this host can reach."
fi
# Only what tests read.
tar -xJf "$work"/download/libvirt_*.orig.tar.xz -C "$work/unpacked" --strip-components 1 --wildcards '*.xml' '*.rng'
mv -T "$work/unpacked" "$target"
echo "$target"
