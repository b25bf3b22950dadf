#!/bin/sh
# Ingests the sample corpus into a fresh folder and asks it the questions beside this script.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
export FOOTNOTE_DATA_DIR="${DEMO_DATA_DIR:-.demo}"

# Only a folder that an earlier demo made is removed.
marker="$FOOTNOTE_DATA_DIR/.footnote-demo"
if [ -e "$FOOTNOTE_DATA_DIR" ] && [ ! -e "$marker" ]; then
    echo "demo: $FOOTNOTE_DATA_DIR exists and was not made by the demo; set DEMO_DATA_DIR to another folder" >&2
    exit 1
fi
rm -rf "$FOOTNOTE_DATA_DIR"
mkdir -p "$FOOTNOTE_DATA_DIR"
touch "$marker"

footnote ingest "$here/documents"
while IFS= read -r question; do
    [ -n "$question" ] || continue
    printf '\n> %s\n\n' "$question"
    footnote ask "$question" </dev/null || [ $? -eq 3 ] # 3: the documents do not hold the answer
done <"$here/questions.txt"
