# Shell functions that scripts share; set `root` to the checkout before sourcing this.

# How debug builds are made by every script, so that they share one: warnings fail, and so does an import that Package.swift
# does not allow (the walls between the rooms).
debug_flags=(--explicit-target-dependency-import-check error -Xswiftc -warnings-as-errors)

# Builds the virtkit command in release mode, progress on stderr; sets VIRTKIT to its path.
build_virtkit() {
    local scratch=() swift
    swift=$(find_swift) || return
    if [ -n "${VIRTKIT_SCRATCH:-}" ]; then scratch=(--scratch-path "$VIRTKIT_SCRATCH"); fi
    echo "build: swift build -c release --product virtkit" >&2
    "$swift" build --package-path "$root" "${scratch[@]}" -c release --product virtkit >&2 || return
    VIRTKIT=$("$swift" build --package-path "$root" "${scratch[@]}" -c release --show-bin-path)/virtkit
}

# Prints the path of the swift command.
find_swift() {
    command -v swift && return
    if [ -x /opt/swift/usr/bin/swift ]; then
        echo /opt/swift/usr/bin/swift
        return
    fi
    echo "error: swift is not in PATH" >&2
    echo "remedy: install Swift 6.3 or newer and put its usr/bin into PATH" >&2
    return 1
}

# Packs the initramfs that initramfs-list describes into file $1. Needs VIRTKIT and BUSYBOX.
pack_initramfs() {
    local option value arguments=()
    while read -r option value; do
        case $option in '' | '#'*) continue ;; esac
        value=${value//@BUSYBOX@/$BUSYBOX}
        arguments+=("$option" "${value//@LIB@/$root/Scripts/lib}")
    done <"$root/Scripts/lib/initramfs-list"
    "$VIRTKIT" initramfs --output "$1" "${arguments[@]}" >&2
}
