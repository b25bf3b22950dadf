#!/bin/sh
# Installs the wheel with nothing but what it asks for, and holds it to what the README promises: so few packages,
# so little room, and a question answered with nothing compiled and no network. Needs pip and a package index or cache.
set -eu

MOST_MIB=900
MOST_PACKAGES=79

here=$(cd "$(dirname "$0")/.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python="$place/venv/bin/python"

"${PYTHON:-python3}" -m venv "$place/venv"
"$python" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$place" "$here"
"$python" -m pip install --quiet --disable-pip-version-check --constraint "$here/constraints.txt" "$place"/*.whl
"$python" -m pip check

# A fresh environment brings pip, and some Pythons setuptools: what is counted is what Footnote asked for.
packages=$("$python" -m pip list --format=freeze --exclude pip --exclude setuptools | wc -l)
mib=$(du -sm "$place/venv" | cut -f1)
echo "light: $packages packages, $mib MiB"
test "$packages" -le "$MOST_PACKAGES"
test "$mib" -le "$MOST_MIB"

# Nothing of the user's: no cache of models, no settings, and a proxy that nobody listens at.
cd "$place"
run() {
    env -i PATH="$place/venv/bin:/usr/bin:/bin" HOME="$place" FOOTNOTE_CACHE_DIR="$place/cache" \
        FOOTNOTE_DATA_DIR="$place/data" HTTPS_PROXY=http://127.0.0.1:9 HTTP_PROXY=http://127.0.0.1:9 footnote "$@"
}
# Every kind of file of the sample corpus but scans, which the extra `ocr` reads.
mkdir documents
find "$here/deploy/demo/documents" -type f \( -name '*.md' -o -name '*.txt' -o -name '*.html' -o -name '*.docx' \
    -o -name '*.pptx' -o -name '*.xlsx' -o -name '*.csv' -o -name '*.eml' -o -name '*.rst' -o -name '*.json*' \
    -o -name 'dp-*.pdf' \) -exec cp {} documents \;
run ingest documents
run ask "What does the message MV-E07 mean on the MV450?" | tee answer.txt
grep -q MV-E07 answer.txt
