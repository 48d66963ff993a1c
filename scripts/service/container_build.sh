#!/bin/sh
# Builds the image with podman or docker, by the words of docs/container.md. Started by walk_container.sh, as root
# in the system of the walk.
set -eu

engine=$1
folder=$HOME/$engine
log=/walk/out/build.$engine

# What this machine lacks: limits above those of its own, and control groups that count.
mkdir -p /etc/containers
cat >/etc/containers/containers.conf <<'CONF'
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
pids_limit = 0
netns = "host"
[engine]
runtime = "runc"
CONF

rm -rf "$folder" && mkdir -p "$folder" && cd "$folder"
"$engine" import /walk/debian.tar docker.io/library/debian:trixie-slim >"$log" 2>&1
# Stands for eclipse-mosquitto: the same user, paths and programs.
"$engine" build --network host -t docker.io/library/eclipse-mosquitto:2 - >>"$log" 2>&1 <<'FILE'
FROM docker.io/library/debian:trixie-slim
RUN apt-get update && apt-get install --yes --no-install-recommends mosquitto \
  && usermod --uid 1883 mosquitto && groupmod --gid 1883 mosquitto && mkdir -p /mosquitto/config
CMD ["/usr/sbin/mosquitto", "-c", "/mosquitto/config/mosquitto.conf"]
FILE

# The page names podman; docker takes the same words but --format.
build=$(cat /walk/blocks/build)
[ "$engine" = podman ] ||
  build=$(printf '%s' "$build" | sed 's/podman build --format docker/docker build --network host/')
ln -s /walk/orion-*.tar.gz .
began=$(date +%s)
sh -euc "$build" >>"$log" 2>&1 || { tail -n 15 "$log" >&2; exit 1; }
printf '%s: built in %s s, %s bytes: %s\n' "$engine" "$(($(date +%s) - began))" \
  "$("$engine" image inspect --format '{{.Size}}' orion)" "$("$engine" --version)"
