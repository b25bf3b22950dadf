#!/bin/sh
# Installs what pip cannot: Python's venv module and Tesseract's language data (for scanned pages).
# Asks for nothing: with root or passwordless sudo it installs, otherwise it prints the command to run.
set -u

missing=""
"${PYTHON:-python3}" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
command -v tesseract >/dev/null 2>&1 || missing="$missing tesseract-ocr tesseract-ocr-eng"
[ -n "$missing" ] || exit 0

install="apt-get install --yes --no-install-recommends$missing"
explain() {
    echo "Footnote: missing on this system:$missing" >&2
    echo "  scanned pages cannot be read without Tesseract; install with: sudo $install" >&2
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
# shellcheck disable=SC2086 # the words are meant to be split
{ $as_root apt-get update --quiet && $as_root $install; } >/dev/null || explain
