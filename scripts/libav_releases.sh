#!/bin/sh
# Fetches the FFmpeg libraries of other Debian releases into a folder, without installing them, and runs
# the tests that touch libav against each that can be had.
#
#   sh scripts/libav_releases.sh [SUITE …]      bullseye, trixie and sid when none is named
#
# Packages come from where this machine's own apt gets its packages, and are checked by the same keys. A
# release whose C library is newer than this machine's runs under its own loader.
# FOLDER (default tmp/libav) in the environment names the folder; what is there already is not fetched
# again.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(dirname -- "$here")
# shellcheck source=scripts/lib/deno.sh disable=SC1091
. "$here/lib/deno.sh"

folder=${FOLDER:-$root/tmp/libav}
keys=/usr/share/keyrings/debian-archive-keyring.gpg
[ $# -gt 0 ] || set -- bullseye trixie sid

site=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 2>/dev/null |
  grep '/debian/*$' | sort -u | sed -n 1p)
[ -n "$site" ] || { echo 'error: apt has no Debian repository here' >&2; exit 1; }
deno=$(find_deno) || { echo 'error: Deno was not found' >&2; exit 1; }

# fetch SUITE: downloads and unpacks the libraries and all they need.
fetch() {
  at=$folder/$1
  [ ! -f "$at/complete" ] || return 0
  mkdir -p "$at/apt/lists/partial" "$at/apt/cache/archives/partial" "$at/root"
  echo "deb [signed-by=$keys] $site $1 main" >"$at/apt/sources.list"
  : >"$at/apt/status"
  set -- "$1" -qq -o "Dir::Etc::sourcelist=$at/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o "Dir::State::lists=$at/apt/lists" -o "Dir::State::status=$at/apt/status" \
    -o "Dir::Cache=$at/apt/cache" -o APT::Install-Recommends=false -o Debug::NoLocking=true \
    -o Acquire::Languages=none -o APT::Sandbox::User=
  suite=$1
  shift
  apt-get "$@" update || return 1
  names=$(apt-cache "$@" pkgnames | grep -E '^(libavformat|libswscale)[0-9]+$' | sort -V)
  packages="$(echo "$names" | grep avformat | tail -n 1) $(echo "$names" | grep swscale | tail -n 1)"
  # shellcheck disable=SC2086
  apt-get "$@" --download-only --yes install $packages || return 1
  for package in "$at"/apt/cache/archives/*.deb; do
    dpkg-deb -x "$package" "$at/root" || return 1
  done
  echo "$suite: $packages" >"$at/complete"
}

# folders SUITE: where its libraries are, for the loader.
folders() {
  find -L "$folder/$1/root" -name '*.so.*' -exec dirname {} + 2>/dev/null | sort -u |
    tr '\n' ':' | sed 's/:$//'
}

# Excludes three tests of the libraries installed on this machine.
tests_of() { # GROUP
  case $1 in
    ffi) find "$root/tests/ffi" -name '*_test.ts' \
      ! -name library_test.ts ! -name locate_test.ts ! -name scope_test.ts ;;
    workers) find "$root/tests/workers" -name 'capture_*_test.ts' ;;
    memory) find "$root/tests/memory" -name libav_test.ts -o -name refused_camera_test.ts \
      -o -name stream_bounds_test.ts ;;
  esac
}

# run_tests LOADER LIBRARIES: with the permissions that the tests have everywhere, and the folder of the
# other libav.
run_tests() {
  temp=$folder/temp
  export TMPDIR="$temp" PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
  for group in ffi workers memory; do
    rm -rf "$temp" && mkdir -p "$temp"
    flags=$("$deno" run --quiet --no-prompt --ignore-env --allow-env=PATH \
      "--allow-read=$root,/usr,/bin,/sbin,/lib,$ORION_TEST_LIBAV" \
      "$root/scripts/testing/flags.ts" "$group" "$temp" "$ORION_TEST_LIBAV") || return 1
    files=$(tests_of "$group")
    (
      # One word a line, whatever else is in it.
      IFS='
'
      # shellcheck disable=SC2086
      exec "$1" --library-path "$2" "$deno" test --quiet --no-check --sanitize-ops --sanitize-resources \
        $flags $files
    ) || return 1
  done
  rm -rf "$temp"
}

mkdir -p "$folder"
status=0
for suite in "$@"; do
  if ! fetch "$suite" 2>"$folder/$suite.log"; then
    echo "$suite: cannot be had here: $(tail -n 1 "$folder/$suite.log")"
    continue
  fi
  library=$(find "$folder/$suite/root" -name 'libavformat.so.*' | sed -n 1p)
  loader=$(find -L "$folder/$suite/root" -name 'ld-linux-*.so.*' | sed -n 1p)
  paths=$(folders "$suite")
  export ORION_TEST_LIBAV="${library%/*}"
  echo "$suite: $(basename "$(readlink -f "$library")")"
  if run_tests "$loader" "$paths"; then
    echo "$suite: passed"
  else
    echo "$suite: FAILED"
    status=1
  fi
done
exit $status
