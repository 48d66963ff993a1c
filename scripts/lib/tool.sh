#!/bin/sh
# Starts scripts/package.ts or scripts/compile.ts with the permissions that their arguments need:
#
#   sh scripts/lib/tool.sh package|compile [--as FORM] [--target T] [--out FOLDER] [--deno FILE] \
#       [--at FOLDER] [--config FILE [--config-at PATH]]
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(dirname -- "$(dirname -- "$here")")
# shellcheck source=scripts/lib/deno.sh disable=SC1091
. "$here/deno.sh"

fail() {
  printf 'error: %s\n  → %s\n' "$1" "$2" >&2
  exit 2
}

tool=$1
shift
case $tool in
  package | compile) ;;
  *) fail "There is no tool $tool" "Use package or compile." ;;
esac
deno=$(find_deno) ||
  fail "Deno ${deno_wanted:-} or newer was not found" "Run \`sh scripts/setup.sh\`, or set ORION_DENO to its path."

# `deno task` changes into the checkout; paths are relative to the folder it was called in.
if [ -n "${INIT_CWD:-}" ] && [ "$(pwd -P)" = "$root" ]; then
  cd -- "$INIT_CWD"
fi

absolute() {
  case $1 in
    /*) printf '%s\n' "$1" ;;
    *) printf '%s\n' "$(pwd -P)/$1" ;;
  esac
}

# The Deno to package, the runtime to compile with, the configuration and the output folder: parsed here
# too, because they determine the permissions.
runtime=$deno
out=$root/dist
config=
previous=
asked=
for word in "$@"; do
  case $word in
    --deno=* | --out=* | --config=*)
      previous=${word%%=*}
      word=${word#*=}
      ;;
    -h | --help | -V | --version) asked=yes ;;
  esac
  case $previous in
    --deno) runtime=$(readlink -f -- "$(absolute "$word")") || fail "There is no $word" "Correct --deno." ;;
    --out) out=$(absolute "$word") ;;
    --config) config=$(absolute "$word") ;;
  esac
  previous=$word
done
if [ -n "$config" ] && [ ! -f "$config" ]; then
  fail "There is no $config" "Correct --config; --config-at names its path on the target."
fi
denort=
if [ "$tool" = compile ] && [ -n "${DENORT_BIN:-}" ]; then
  denort=$(readlink -f -- "$(absolute "$DENORT_BIN")") ||
    fail "There is no $DENORT_BIN" "Correct DENORT_BIN."
  DENORT_BIN=$denort
  export DENORT_BIN
fi
case $root$runtime$out$denort$config in
  *,*) fail "Cannot grant reading a path with a comma" "Rename the file or its folder." ;;
esac
[ -n "$asked" ] || mkdir -p -- "$out"

exec "$deno" run --quiet --no-prompt --cached-only --no-remote --deny-import --ignore-env \
  "--allow-env=DENORT_BIN" "--allow-read=$root,$out,$runtime${denort:+,$denort}${config:+,$config}" "--allow-write=$out" \
  "--allow-run=git,tar,sh,chmod,dpkg-deb,$deno" "$root/scripts/$tool.ts" "$@" --deno "$runtime" --out "$out" --with "$deno" \
  ${config:+--config "$config"}
