#!/bin/bash
# Fetches what a test machine boots: Debian's cloud kernel for amd64 and a static busybox. Nothing is installed.
#
# Usage: fetch-debian.sh                    prints two lines, "vmlinuz=PATH" and "busybox=PATH"
#    or: . fetch-debian.sh; fetch_debian    sets VMLINUZ and BUSYBOX
#
# VIRTKIT_CACHE           where to keep them (default ~/.cache/virtkit)
# VIRTKIT_KERNEL_PACKAGE  the kernel's package (default: the one that linux-image-cloud-amd64 depends on, or else the
#                         newest linux-image-*-cloud-amd64 in apt's index)
# VIRTKIT_REFRESH=1       ask apt for newer packages even if the cache has some

fetch_debian_say() { echo "fetch: $*" >&2; }

fetch_debian_fail() {
    echo "error: $1" >&2
    echo "remedy: $2" >&2
    return 1
}

# The name of the newest signed cloud kernel's package, or nothing when apt's index has none.
fetch_debian_kernel_package() {
    local name
    if [ -n "${VIRTKIT_KERNEL_PACKAGE:-}" ]; then
        echo "$VIRTKIT_KERNEL_PACKAGE"
        return
    fi
    name=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null |
        sed -n 's/^ *Depends: \(linux-image-[0-9].*-cloud-amd64\)$/\1/p' | head -n 1)
    if [ -z "$name" ]; then
        name=$(apt-cache search --names-only '^linux-image-[0-9][0-9.]*[-+].*-cloud-amd64$' 2>/dev/null |
            cut -d ' ' -f 1 | sort -V | tail -n 1)
    fi
    echo "$name"
}

# Downloads package $1 and puts the first file in it that matches one of the globs $3... at $2, in one step.
fetch_debian_file() {
    local package=$1 target=$2 work file glob
    shift 2
    work=$(mktemp -d "$(dirname "$target")/.fetch.XXXXXX") || return 1
    chmod 755 "$work" # apt drops its privileges while it downloads
    fetch_debian_say "downloading $package"
    if ! (cd "$work" && apt-get download -q -o APT::Sandbox::User=root "$package:amd64" >download.log 2>&1); then
        sed 's/^/fetch: | /' "$work/download.log" >&2
        rm -rf "$work"
        return 1
    fi
    fetch_debian_say "unpacking $package"
    if ! dpkg-deb -x "$work"/*.deb "$work/root"; then
        rm -rf "$work"
        return 1
    fi
    for glob in "$@"; do
        for file in "$work"/root/$glob; do
            if [ -f "$file" ] && [ ! -L "$file" ]; then
                mv -f "$file" "$target"
                rm -rf "$work"
                return
            fi
        done
    done
    rm -rf "$work"
    fetch_debian_fail "package $package has no file $*" "Set VIRTKIT_KERNEL_PACKAGE to another package."
}

fetch_debian() {
    local cache=${VIRTKIT_CACHE:-$HOME/.cache/virtkit}/debian current kernel tool
    mkdir -p "$cache" || return 1
    cache=$(cd "$cache" && pwd) || return 1
    current=$cache/current
    if [ -n "${VIRTKIT_KERNEL_PACKAGE:-}" ]; then current=$cache/current-$VIRTKIT_KERNEL_PACKAGE; fi

    kernel=$(cat "$current" 2>/dev/null || true)
    if [ -n "$kernel" ] && [ -s "$cache/$kernel.vmlinuz" ] && [ -s "$cache/busybox" ] &&
        [ -z "${VIRTKIT_REFRESH:-}" ]; then
        fetch_debian_say "using $kernel from $cache"
    else
        for tool in apt-get apt-cache dpkg-deb; do
            command -v "$tool" >/dev/null || {
                fetch_debian_fail "$tool is not here: this script fetches Debian packages" \
                    "Run it on Debian or Ubuntu, or give your own files: virtkit run --kernel F --initrd F."
                return
            }
        done
        # A package that is no longer on the mirror means that apt's index is old: refresh it once.
        if [ -z "$(fetch_debian_kernel_package)" ] || [ -z "$(apt-cache policy busybox-static 2>/dev/null)" ] ||
            [ -n "${VIRTKIT_REFRESH:-}" ] ||
            ! apt-get download --print-uris "$(fetch_debian_kernel_package):amd64" >/dev/null 2>&1; then
            fetch_debian_update || return
        fi
        if ! fetch_debian_all; then
            fetch_debian_update || return
            fetch_debian_all || {
                fetch_debian_fail "could not fetch the packages" \
                    "Check that apt-get can reach a Debian mirror, then run this again."
                return
            }
        fi
    fi
    VMLINUZ=$cache/$kernel.vmlinuz
    BUSYBOX=$cache/busybox
}

fetch_debian_update() {
    fetch_debian_say "refreshing apt's package index (apt-get update)"
    if [ "$(id -u)" -ne 0 ]; then
        fetch_debian_fail "apt's package index is missing or old, and only root can refresh it" \
            "Run: sudo apt-get update, then this again."
        return
    fi
    apt-get update -q >/dev/null || fetch_debian_fail "apt-get update failed" "Check the network and apt's sources."
}

# Fetches kernel and busybox as the caller's `cache` and `current` say; sets the caller's `kernel`.
fetch_debian_all() {
    kernel=$(fetch_debian_kernel_package)
    if [ -z "$kernel" ]; then
        fetch_debian_fail "apt knows no linux-image-*-cloud-amd64" "Add a Debian mirror to apt's sources."
        return
    fi
    if [ ! -s "$cache/$kernel.vmlinuz" ]; then
        fetch_debian_file "$kernel" "$cache/$kernel.vmlinuz" 'boot/vmlinuz-*' || return
    fi
    if [ ! -s "$cache/busybox" ] || [ -n "${VIRTKIT_REFRESH:-}" ]; then
        fetch_debian_file busybox-static "$cache/busybox" 'bin/busybox' 'usr/bin/busybox' || return
    fi
    echo "$kernel" >"$current.$$" && mv -f "$current.$$" "$current"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    fetch_debian || exit 1
    echo "vmlinuz=$VMLINUZ"
    echo "busybox=$BUSYBOX"
fi
