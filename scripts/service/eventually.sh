#!/bin/sh
# eventually COMMAND…: tries it for a minute at most. `wrong` is of the script that reads this file.
eventually() {
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ "$tries" -lt 120 ] || wrong "no $*"
    sleep 0.5
  done
}
