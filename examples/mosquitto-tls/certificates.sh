#!/bin/sh
# Makes an authority and a certificate for the broker, valid for two years:
#
#   sh certificates.sh broker.example FOLDER
#
# FOLDER gets ca.pem and ca.key, server.pem and server.key. Keep ca.key away from the broker.
set -eu

name=$1
cd "$2"
case $name in
  *[!0-9.]*) san=DNS:$name ;;
  *) san=IP:$name ;;
esac
umask 077
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 730 \
  -subj "/CN=Orion's broker" -keyout ca.key -out ca.pem
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
  -subj "/CN=$name" -keyout server.key -out server.csr
printf 'subjectAltName=%s\n' "$san" >server.san
openssl x509 -req -in server.csr -days 730 -CA ca.pem -CAkey ca.key -CAcreateserial \
  -extfile server.san -out server.pem
rm server.csr server.san
