# SPDX-License-Identifier: BSD-2-Clause
# Debian's archive through an apt of our own, which leaves the machine's configuration alone and knows
# one archive and one release only. apt verifies Debian's signature. Sourced by deps/fetch and
# qemu/82599/build. DEBIAN_MIRROR=URI names another archive than those in the machine's apt sources.

# The archives in the machine's apt sources that may carry Debian, best first.
mirrors()
{
    if [ -n "${DEBIAN_MIRROR:-}" ]; then
        echo "$DEBIAN_MIRROR"
        return
    fi
    apt-get update --print-uris | sed -n "s|^'\(.*\)/dists/.*|\1|p" | awk '!seen[$0]++' |
        grep -v -- '-security$' | awk '/debian/ { print 0, $0; next } { print 1, $0 }' |
        sort -s -n -k1,1 | cut -d' ' -f2-
}

keyring()
{
    local file
    for file in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
        if [ -e "$file" ]; then
            echo "$file"
            return
        fi
    done
    echo "no Debian keyring; install the package debian-archive-keyring" >&2
    return 1
}

# apt_setup FOLDER URI RELEASE: writes FOLDER/apt.conf and reads the archive's lists.
apt_setup()
{
    local signed_by
    signed_by=$(keyring) || return
    mkdir -p "$1/lists/partial" "$1/cache/archives/partial" "$1/files"
    cat >"$1/debian.sources" <<END
Types: deb deb-src
URIs: $2
Suites: $3
Components: main
Signed-By: $signed_by
END
    # An archive's snapshot is past its date but no less signed.
    cat >"$1/apt.conf" <<END
Dir::Etc::sourcelist "$1/debian.sources";
Dir::Etc::sourceparts "/dev/null";
Dir::State::lists "$1/lists";
Dir::Cache "$1/cache";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
Acquire::Retries "3";
END
    apt-get -qq -c "$1/apt.conf" update
}
