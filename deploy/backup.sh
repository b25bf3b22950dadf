#!/usr/bin/env bash
# Server mode: copies the catalogue, and the originals where they lie in a folder, while everything runs.
#   FOOTNOTE_CATALOGUE__URL=... [FOOTNOTE_DATA_DIR=...] deploy/backup.sh FOLDER
# The index is not copied: `footnote reindex` makes it anew from the originals. A bucket is backed up by its storage
# (versions, replication). Needs PostgreSQL's programs, of the server's version or a newer one.
set -euo pipefail

folder=${1:?usage: deploy/backup.sh FOLDER}
url=${FOOTNOTE_CATALOGUE__URL:?set it to the catalogue whose backup is wanted}
[ ! -e "$folder" ] || { echo "backup: $folder exists already" >&2 && exit 1; }
if [ -z "${FOOTNOTE_BLOBS__BUCKET:-}" ] && [ ! -d "${FOOTNOTE_DATA_DIR:-}/files" ]; then
    echo "backup: set FOOTNOTE_DATA_DIR to the folder of the originals, or FOOTNOTE_BLOBS__BUCKET to their bucket" >&2
    exit 1
fi

# shellcheck source=deploy/connection.sh
. "$(dirname "$0")/connection.sh"
connect "$url"

umask 077
unfinished="$folder.unfinished"
rm -rf "$unfinished"
mkdir -p "$unfinished"
# The catalogue first: an original that comes later is too many, one that is missing could not be read again.
pg_dump --dbname="$connection" --format=custom --no-owner --no-privileges --file="$unfinished/catalogue.dump"
if [ -n "${FOOTNOTE_BLOBS__BUCKET:-}" ]; then
    echo "backup: the originals are in the bucket $FOOTNOTE_BLOBS__BUCKET, which this does not copy" >&2
else
    shopt -s nullglob
    marks=("$FOOTNOTE_DATA_DIR"/originals-*) # by which processes know that they see the same folder
    tar --create --file="$unfinished/originals.tar" --directory="$FOOTNOTE_DATA_DIR" files "${marks[@]##*/}"
fi
(cd "$unfinished" && sha256sum -- * >../"${unfinished##*/}.sums" && mv ../"${unfinished##*/}.sums" SHA256SUMS)
sync "$unfinished"/*
mv "$unfinished" "$folder"
echo "The backup is in $folder."
