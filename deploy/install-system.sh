#!/bin/sh
# Installs what pip cannot: Python's venv module, Tesseract's language data (for scanned pages) and PostgreSQL's
# programs (the tests start a private server with them; no cluster of the system is made or started).
# Asks for nothing: with root or passwordless sudo it installs, otherwise it prints the command to run.
set -u

missing=""
"${PYTHON:-python3}" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
command -v tesseract >/dev/null 2>&1 || missing="$missing tesseract-ocr tesseract-ocr-eng"
command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 ||
    missing="$missing postgresql"
[ -n "$missing" ] || exit 0

install="apt-get install --yes --no-install-recommends$missing"
explain() {
    echo "Footnote: missing on this system:$missing" >&2
    echo "  without Tesseract scanned pages cannot be read, without PostgreSQL its tests are skipped;" >&2
    echo "  install with: sudo $install" >&2
    exit 0
}

command -v apt-get >/dev/null 2>&1 || explain
if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif sudo -n true 2>/dev/null; then
    as_root="sudo"
else
    explain
fi
export DEBIAN_FRONTEND=noninteractive
no_cluster=/etc/postgresql-common/createcluster.d/footnote.conf
$as_root mkdir -p "${no_cluster%/*}" && echo "create_main_cluster = false" | $as_root tee "$no_cluster" >/dev/null
trap '$as_root rm -f "$no_cluster"' EXIT
# shellcheck disable=SC2086 # the words are meant to be split
{ $as_root apt-get update --quiet && $as_root $install; } >/dev/null || explain
