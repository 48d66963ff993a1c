#!/bin/sh
# Starts Orion with exactly the permissions that its configuration needs.
#
#   sh scripts/orion.sh COMMAND [OPTIONS]       run, check, permissions, --help, …
#
# Starts two processes: first one that may only read Orion's own files and the configuration, and prints
# the flags; then, in place of this shell, the one that runs the command. Both get the same arguments; no
# value of an environment variable appears in them.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(dirname -- "$here")
# shellcheck source=scripts/lib/deno.sh disable=SC1091
. "$here/lib/deno.sh"

fail() {
  printf 'error: %s\n  → %s\n' "$1" "$2" >&2
  exit "${3:-1}"
}

deno=$(find_deno) ||
  fail "Deno ${deno_wanted:-} or newer was not found" "Run \`sh scripts/setup.sh\`, or set ORION_DENO to its path."

[ -n "$(pwd -P 2>/dev/null)" ] ||
  fail "The folder that Orion is started in does not exist any more" "Change into one that does." 2

# `deno task` changes into the checkout; paths are relative to the folder it was called in.
if [ -n "${INIT_CWD:-}" ] && [ "$(pwd -P)" = "$root" ]; then
  cd -- "$INIT_CWD"
fi

# The configuration that main.ts will choose: the last --config, ORION_CONFIG, ./orion.yaml.
config=${ORION_CONFIG:-}
[ -n "$config" ] || config=orion.yaml
previous=
environment=
variable=
input=
command=
for word in "$@"; do
  case $word in
    --) break ;;
    run | check | probe | init | permissions) command=${command:-$word} ;;
    --config=*) config=${word#--config=} ;;
    --env-file=*) environment=${word#--env-file=} ;;
    --env=*) variable=${word#--env=} ;;
    # Addresses on standard input, which both processes need: in memory, and in no command line.
    -) case $input$command in
      probe) { IFS= read -r address || true; input=yes; } ;;
      init) { address=$(cat); input=yes; } ;;
    esac ;;
  esac
  [ "$previous" != --config ] || config=$word
  [ "$previous" != --env-file ] || environment=$word
  [ "$previous" != --env ] || variable=$word
  previous=$word
done
# `init` without an address asks for some where there is a terminal.
case $* in
  init | 'init --offline')
    if [ -t 0 ]; then
      address=
      while printf '%s' 'Address of a camera, such as rtsp://viewer:PASSWORD@192.0.2.10/stream1 (empty: no more): ' >&2 &&
        IFS= read -r line && [ -n "$line" ]; do
        address=$address$line'
'
      done
      if [ -n "$address" ]; then
        set -- "$@" -
        input=yes
      else
        exec </dev/null
      fi
    fi
    ;;
esac
case $config in
  /*) ;;
  *) config=$(pwd -P)/$config ;;
esac
case $environment in
  '' | /*) ;;
  *) environment=$(pwd -P)/$environment ;;
esac
case $root$config$environment in
  *,*) fail "Cannot grant reading $root, $config${environment:+ and $environment}: a comma cannot stand in a grant" \
    "Rename the file or its folder." 2 ;;
esac

# The demo uses other ports when its default ones are in use. The first process chooses free ones by
# listening on them; the second may listen on those alone. The same ports as in src/config/demo.ts.
demo_ports=
if [ "$config" = "$(pwd -P)/orion.yaml" ] && [ ! -e "$config" ]; then
  for port in 1883 1884 1885 1886 1887 1888 1889 8080 8081 8082 8083 8084 8085 8086; do
    demo_ports=${demo_ports:+$demo_ports,}127.0.0.1:$port
  done
fi

# Names of environment variables that the configuration may use; comments included, which is harmless.
names=ORION_CONFIG,ORT_DISABLE_TELEMETRY
if [ -f "$config" ] && [ -r "$config" ]; then
  # shellcheck disable=SC2016
  for name in $(grep -o '\${[A-Za-z_][A-Za-z0-9_]*}' "$config" 2>/dev/null | tr -d '${}' | sort -u); do
    names=$names,$name
  done
fi

# The variable that holds the address to probe.
case $variable in
  '' | [0-9]* | *[!A-Za-z0-9_]*) ;;
  *) names=$names,$variable ;;
esac

# Where libav may be: the process only checks which files exist.
libraries=
for folder in /usr/lib/x86_64-linux-gnu /usr/lib/aarch64-linux-gnu /lib/x86_64-linux-gnu \
  /lib/aarch64-linux-gnu /usr/local/lib /usr/lib64 /usr/lib; do
  libraries=$libraries,$folder
done

# A service that is stopped before it has started has stopped in order. SIGHUP has nothing to do before
# the configuration is read, and ends nothing unless a terminal is gone.
if [ "$command" = run ]; then
  trap 'exit 0' INT TERM
  [ -t 0 ] || [ -t 1 ] || [ -t 2 ] || trap '' HUP
fi

# Keeps Deno from checking for updates: Orion fetches nothing.
export DENO_NO_UPDATE_CHECK=1

flags() {
  "$deno" run --no-prompt --cached-only --no-remote --deny-import --ignore-env \
    "--allow-env=$names" "--allow-read=$root,$config${environment:+,$environment}$libraries" \
    ${demo_ports:+"--allow-net=$demo_ports"} \
    "$root/main.ts" permissions --flags -- "$@"
}
if [ -n "$input" ]; then
  flags=$(printf '%s\n' "${address:-}" | flags "$@") || exit
else
  flags=$(flags "$@") || exit
fi

# Splits the flags at line breaks, and puts them before the program and its arguments.
set -f
old_ifs=$IFS
IFS='
'
# shellcheck disable=SC2086
set -- $flags "$root/main.ts" "$@"
IFS=$old_ifs
if [ -n "$input" ]; then
  # A here-document: with a pipe, signals would reach the shell and not Deno.
  exec "$deno" run "$@" <<END
${address:-}
END
fi
exec "$deno" run "$@"
