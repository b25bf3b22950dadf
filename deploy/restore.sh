#!/usr/bin/env bash
# Server mode: makes the catalogue and the folder of originals from what deploy/backup.sh has copied. Nothing may run.
#   FOOTNOTE_CATALOGUE__URL=... [FOOTNOTE_DATA_DIR=...] deploy/restore.sh FOLDER
# Then: footnote migrate, footnote reindex, and start the API and the workers.
set -euo pipefail

folder=${1:?usage: deploy/restore.sh FOLDER}
url=${FOOTNOTE_CATALOGUE__URL:?set it to an empty database}
(cd "$folder" && sha256sum --check --quiet SHA256SUMS) || { echo "restore: $folder is damaged" >&2 && exit 1; }
if [ -f "$folder/originals.tar" ]; then
    data=${FOOTNOTE_DATA_DIR:?set it to the folder for the originals}
    [ ! -e "$data/files" ] || { echo "restore: $data/files exists already" >&2 && exit 1; }
fi

# shellcheck source=deploy/connection.sh
. "$(dirname "$0")/connection.sh"
connect "$url"

tables=$(psql "$connection" --no-psqlrc --tuples-only --no-align --command \
    "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'")
[ "$tables" = 0 ] || { echo "restore: the database holds $tables tables already; give an empty one" >&2 && exit 1; }
pg_restore --dbname="$connection" --exit-on-error --single-transaction --no-owner --no-privileges \
    "$folder/catalogue.dump"
if [ -f "$folder/originals.tar" ]; then
    mkdir -p "$data"
    tar --extract --file="$folder/originals.tar" --directory="$data"
fi
echo "The catalogue and the originals are as they were. Now: footnote migrate && footnote reindex"
