# Shell functions that fetch Debian packages without installing them, and without root: apt gets a configuration, an index
# and a cache of its own, so neither the host's release nor its sources matter, only that it has apt and Debian's keys.
#
#   debian_package SUITE NAME:ARCHITECTURE      sets DEB to the package's file, which the cache keeps
#   debian_file SUITE NAME:ARCHITECTURE TARGET GLOB...
#                                               puts the first file of a package that matches one of the globs at TARGET
#   debian_kernel SUITE FLAVOUR [ARCHITECTURE]  sets VMLINUZ to the suite's kernel of a flavour, as cloud-amd64
#   debian_busybox ARCHITECTURE                 sets BUSYBOX to a static busybox
#
# VIRTKIT_CACHE          where to keep things (default ~/.cache/virtkit)
# VIRTKIT_DEBIAN_MIRROR  the mirror (default: the one that the host's apt uses, or else http://deb.debian.org/debian)
# VIRTKIT_REFRESH=1      fetch the indexes and packages again even if the cache has them

debian_say() { echo "fetch: $*" >&2; }

debian_fail() {
    echo "error: $1" >&2
    echo "remedy: $2" >&2
    return 1
}

# Makes the cache's directory, and sets DEBIAN_CACHE.
debian_cache() {
    DEBIAN_CACHE=${VIRTKIT_CACHE:-$HOME/.cache/virtkit}/debian
    mkdir -p "$DEBIAN_CACHE" || return 1
    DEBIAN_CACHE=$(cd "$DEBIAN_CACHE" && pwd)
}

# What this shell has fetched itself: VIRTKIT_REFRESH asks for each thing once.
declare -A debian_fetched=()

# Whether file $1 is in the cache and good enough.
debian_has() { [ -s "$1" ] && { [ -z "${VIRTKIT_REFRESH:-}" ] || [ -n "${debian_fetched[$1]:-}" ]; }; }

# Runs a command of apt's with the configuration of suite $1 and architecture $2.
debian_apt() { APT_CONFIG=$DEBIAN_CACHE/apt-$1-$2/apt.conf "${@:3}"; }

# Makes sure that there is an index of suite $1 for architecture $2; with "again" as $3 it is fetched anew. One for each
# architecture, since a mirror may be in the middle of an update of another.
debian_index() {
    local suite=$1 architecture=$2 again=${3:-} home keys mirror tool
    debian_cache || return
    home=$DEBIAN_CACHE/apt-$suite-$architecture
    if [ -z "$again" ] && debian_has "$home/indexed"; then return; fi
    for tool in apt-get apt-cache dpkg-deb flock; do
        command -v "$tool" >/dev/null || {
            debian_fail "$tool is not here: this script fetches Debian packages" \
                "Run it on Debian or Ubuntu, or give your own files: virtkit run --kernel F --initrd F."
            return
        }
    done
    keys=/usr/share/keyrings/debian-archive-keyring.gpg
    [ -s "$keys" ] || {
        debian_fail "Debian's keys are not here ($keys)" "Install them: apt-get install debian-archive-keyring."
        return
    }
    mirror=${VIRTKIT_DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null |
        grep -E '^https?://.*/debian/?$' | head -n 1 || true)}
    mkdir -p "$home/state/lists/partial" "$home/cache/archives/partial" || return
    debian_say "fetching the package index of $suite for $architecture"
    if ! (
        flock 9
        touch "$home/status"
        echo "deb [signed-by=$keys] ${mirror:-http://deb.debian.org/debian} $suite main" >"$home/sources.list"
        debian_configuration "$home" "$architecture" >"$home/apt.conf"
        debian_apt "$suite" "$architecture" apt-get update -q >"$home/update.log" 2>&1
    ) 9>"$home/lock"; then
        sed 's/^/fetch: | /' "$home/update.log" >&2
        debian_fail "could not fetch the package index of $suite for $architecture" \
            "Check the network, or set VIRTKIT_DEBIAN_MIRROR to a mirror of Debian that this host can reach."
        return
    fi
    date >"$home/indexed"
    debian_fetched[$home/indexed]=1
}

# Prints apt's configuration for directory $1 and architecture $2.
debian_configuration() {
    # With a user of the sandbox, apt would give up root's rights while it downloads, and could not write here.
    cat <<END
Dir::State "$1/state";
Dir::State::status "$1/status";
Dir::Cache "$1/cache";
Dir::Etc::SourceList "$1/sources.list";
Dir::Etc::SourceParts "-";
APT::Architecture "$2";
APT::Architectures { "$2"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
END
}

# Downloads package $2 of suite $1 into directory $3, which is new, and sets DEB.
debian_download() {
    local suite=$1 package=${2%:*} architecture=${2##*:} folder=$3
    debian_index "$suite" "$architecture" || return
    debian_say "downloading $2 of $suite"
    # A package that is no longer on the mirror means that the index is old: fetch it once more.
    if ! debian_download_once && ! { debian_index "$suite" "$architecture" again && debian_download_once; }; then
        sed 's/^/fetch: | /' "$folder/download.log" >&2
        debian_fail "could not fetch $2 of $suite" "Check the network, then run this again."
        return
    fi
    DEB=$(echo "$folder"/*.deb)
}

debian_download_once() {
    (
        cd "$folder" && debian_apt "$suite" "$architecture" apt-get download -q "$package" >download.log 2>&1 &&
            [ -s "$(echo ./*.deb)" ]
    )
}

debian_package() {
    local target work
    debian_cache || return
    target=$DEBIAN_CACHE/packages-$1/$2.deb
    if ! debian_has "$target"; then
        mkdir -p "$(dirname "$target")" && work=$(mktemp -d "$(dirname "$target")/.fetch.XXXXXX") || return
        if ! debian_download "$1" "$2" "$work" || ! mv -f "$DEB" "$target"; then
            rm -rf "$work"
            return 1
        fi
        rm -rf "$work"
        debian_fetched[$target]=1
    fi
    DEB=$target
}

debian_file() {
    local suite=$1 package=$2 target=$3 work file glob
    shift 3
    if debian_has "$target"; then return; fi
    work=$(mktemp -d "$(dirname "$target")/.fetch.XXXXXX") || return
    if ! debian_download "$suite" "$package" "$work"; then
        rm -rf "$work"
        return 1
    fi
    mkdir "$work/root"
    # tar fails where one of the globs matches nothing, which is no fault.
    dpkg-deb --fsys-tarfile "$DEB" | tar -x -C "$work/root" --wildcards "${@/#/./}" 2>/dev/null || true
    for glob in "$@"; do
        for file in "$work"/root/$glob; do
            if [ -f "$file" ] && [ ! -L "$file" ]; then
                mv -f "$file" "$target"
                rm -rf "$work"
                debian_fetched[$target]=1
                return
            fi
        done
    done
    rm -rf "$work"
    debian_fail "package $package of $suite has no file $*" "Name another package."
}

debian_kernel() {
    local suite=$1 flavour=$2 architecture=${3:-${2##*-}} current package
    debian_cache || return
    current=$DEBIAN_CACHE/current-$suite-$flavour
    if ! debian_has "$current"; then
        debian_index "$suite" "$architecture" || return
        # What the flavour's meta package depends on, the signed kernel.
        package=$(debian_apt "$suite" "$architecture" apt-cache depends "linux-image-$flavour" 2>/dev/null |
            sed -n "s/^ *Depends: \(linux-image-[0-9].*-$flavour\)\$/\1/p" | head -n 1)
        if [ -z "$package" ]; then
            debian_fail "$suite has no linux-image-$flavour" "Check that the mirror has it."
            return
        fi
        debian_file "$suite" "$package:$architecture" "$DEBIAN_CACHE/$package.vmlinuz" 'boot/vmlinuz-*' || return
        echo "$package" >"$current"
        debian_fetched[$current]=1
    fi
    VMLINUZ=$DEBIAN_CACHE/$(cat "$current").vmlinuz
}

debian_busybox() {
    debian_cache || return
    BUSYBOX=$DEBIAN_CACHE/busybox-$1
    debian_file bookworm "busybox-static:$1" "$BUSYBOX" bin/busybox usr/bin/busybox || return
    chmod 755 "$BUSYBOX"
}
