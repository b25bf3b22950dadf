#!/bin/sh
# Installs what pip cannot: Python's venv module, Tesseract's language data (for scanned pages), the programs of
# PostgreSQL and Redis (the tests and `make dev-server` start private servers with them), Prometheus' promtool, which
# checks the rules of deploy/monitoring, libfaketime, with which tests give a process a wrong clock, and LibreOffice's
# converters for old Word and PowerPoint files. No service of the system is made, started or enabled.
# Asks for nothing: with root or passwordless sudo it says what it installs and does, otherwise it prints the command.
set -u

missing=""
"${PYTHON:-python3}" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
command -v tesseract >/dev/null 2>&1 || missing="$missing tesseract-ocr tesseract-ocr-eng"
command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 ||
    missing="$missing postgresql"
command -v redis-server >/dev/null 2>&1 || missing="$missing redis-server"
command -v promtool >/dev/null 2>&1 || missing="$missing prometheus"
[ "$(uname)" != Linux ] || ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1 || missing="$missing libfaketime"
command -v soffice >/dev/null 2>&1 || missing="$missing libreoffice-writer-nogui libreoffice-impress-nogui"
[ -n "$missing" ] || exit 0

install="apt-get install --yes --no-install-recommends$missing"
explain() {
    echo "Footnote: missing on this system:$missing" >&2
    echo "  without Tesseract scanned pages cannot be read, without LibreOffice no .doc and .ppt;" >&2
    echo "  without PostgreSQL, Redis, promtool and libfaketime their tests are skipped;" >&2
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
echo "Footnote: missing on this system:$missing" >&2
echo "  they are installed now: ${as_root:+$as_root }apt-get update && ${as_root:+$as_root }$install" >&2
export DEBIAN_FRONTEND=noninteractive

# While this runs, PostgreSQL's package makes no cluster, and no package starts a service.
no_cluster=/etc/postgresql-common/createcluster.d/footnote.conf
no_starts=/usr/sbin/policy-rc.d
ours="$no_cluster"
[ -e "$no_starts" ] || ours="$ours $no_starts"
# shellcheck disable=SC2086 # the words are meant to be split, here and below
trap '$as_root rm -f $ours' EXIT
$as_root mkdir -p "${no_cluster%/*}" && echo "create_main_cluster = false" | $as_root tee "$no_cluster" >/dev/null
case "$ours" in
*"$no_starts")
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$no_starts" >/dev/null && $as_root chmod 755 "$no_starts"
    ;;
esac

# shellcheck disable=SC2086
{ $as_root apt-get update --quiet && $as_root $install; } >/dev/null || explain
case "$missing" in
*redis-server*) $as_root update-rc.d redis-server disable >/dev/null 2>&1 ;; # its package enables it
esac
case "$missing" in
*prometheus*) $as_root update-rc.d prometheus disable >/dev/null 2>&1 ;;
esac
exit 0
