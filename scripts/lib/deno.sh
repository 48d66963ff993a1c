# shellcheck shell=sh
# Finds the Deno to use. Meant to be sourced: `. "$here/lib/deno.sh"`; defines functions only.
#
#   find_deno      prints the absolute path of a native Deno that is new enough, or returns 1
#   deno_wanted    the oldest version that will do

deno_wanted=2.9.0

# native_deno FILE: prints the native program behind FILE, or returns 1.
#
# npm's `deno` is a Node program that starts the native one and waits for it without passing signals
# on: a service manager's SIGTERM would end the wrapper and leave Orion running. So the wrapper is
# looked behind.
native_deno() {
  native_at=$(readlink -f "$1") || return 1
  native_in=$(dirname "$native_at")
  for native_file in "$native_at" "$native_in/deno" \
    "$native_in"/node_modules/@deno/linux-*/deno "$native_in"/../@deno/linux-*/deno; do
    if [ -x "$native_file" ] && [ -f "$native_file" ] &&
      [ "$(head -c 4 "$native_file" 2>/dev/null | tail -c 3)" = ELF ]; then
      readlink -f "$native_file"
      return 0
    fi
  done
  return 1
}

# deno_new_enough FILE: whether the program runs here and is at least $deno_wanted.
deno_new_enough() {
  enough_has=$("$1" --version 2>/dev/null | sed -n '1s/^deno \([0-9]*\.[0-9]*\.[0-9]*\).*/\1/p')
  [ -n "$enough_has" ] || return 1
  enough_major=${enough_has%%.*}
  enough_rest=${enough_has#*.}
  enough_minor=${enough_rest%%.*}
  wanted_major=${deno_wanted%%.*}
  wanted_rest=${deno_wanted#*.}
  wanted_minor=${wanted_rest%%.*}
  [ "$enough_major" -gt "$wanted_major" ] ||
    { [ "$enough_major" -eq "$wanted_major" ] && [ "$enough_minor" -ge "$wanted_minor" ]; }
}

# find_deno: ORION_DENO when it is set, else the first on PATH, else the user's own in ~/.deno.
find_deno() {
  for found_name in "${ORION_DENO:-}" "$(command -v deno 2>/dev/null)" "${HOME:-/root}/.deno/bin/deno"; do
    if [ -n "$found_name" ] && found_native=$(native_deno "$found_name") &&
      deno_new_enough "$found_native"; then
      printf '%s\n' "$found_native"
      return 0
    fi
  done
  return 1
}
