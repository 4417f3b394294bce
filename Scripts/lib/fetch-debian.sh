#!/bin/bash
# Fetches what a test machine boots: Debian's cloud kernel for amd64 and a static busybox. Nothing is installed.
#
# Usage: fetch-debian.sh                    prints two lines, "vmlinuz=PATH" and "busybox=PATH"
#    or: . fetch-debian.sh; fetch_debian    sets VMLINUZ and BUSYBOX
#    or: fetch-debian.sh kernels            prints a line "NAME=PATH" for each kernel that tests boot
#
# VIRTKIT_KERNEL_PACKAGE  the kernel's package in Debian 12, instead of the one that linux-image-cloud-amd64 depends on
# VIRTKIT_CACHE, VIRTKIT_DEBIAN_MIRROR, VIRTKIT_REFRESH: see debian-packages.sh

. "$(dirname "${BASH_SOURCE[0]}")/debian-packages.sh"

fetch_debian() {
    if [ -n "${VIRTKIT_KERNEL_PACKAGE:-}" ]; then
        debian_cache || return
        VMLINUZ=$DEBIAN_CACHE/$VIRTKIT_KERNEL_PACKAGE.vmlinuz
        debian_file bookworm "$VIRTKIT_KERNEL_PACKAGE:amd64" "$VMLINUZ" 'boot/vmlinuz-*' || return
    else
        debian_kernel bookworm cloud-amd64 || return
    fi
    debian_busybox amd64
}

# Fetches every kernel that tests boot, and prints where each is. The i386 ones are the installer's, with 2-level
# paging, and one with PAE.
fetch_kernels() {
    local name suite
    for name in 6.1-cloud:bookworm:cloud-amd64 6.1-generic:bookworm:amd64 6.12-cloud:trixie:cloud-amd64 \
        6.12-generic:trixie:amd64; do
        suite=${name#*:}
        debian_kernel "${suite%:*}" "${suite#*:}" || return
        echo "${name%%:*}=$VMLINUZ"
    done
    VMLINUZ=$DEBIAN_CACHE/debian-installer-12-netboot-i386.vmlinuz
    debian_file bookworm debian-installer-12-netboot-i386:amd64 "$VMLINUZ" \
        usr/lib/debian-installer/images/12/i386/text/debian-installer/i386/linux || return
    echo "i386-installer=$VMLINUZ"
    debian_kernel bookworm 686-pae i386 || return
    echo "i386-pae=$VMLINUZ"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    case ${1:-} in
    kernels) fetch_kernels || exit 1 ;;
    *)
        fetch_debian || exit 1
        echo "vmlinuz=$VMLINUZ"
        echo "busybox=$BUSYBOX"
        ;;
    esac
fi
