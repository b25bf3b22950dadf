#!/bin/sh
# Installs what generates clients from the API's description, pinned, into the folder given: a Python environment
# of its own, and npm's packages where npm is there. The tests of `tests/clients` use it, and nothing else does.
set -eu
here=$(dirname "$0")
to=$1

test -x "$to/python/bin/python" || "${PYTHON:-python3}" -m venv "$to/python"
"$to/python/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$here/python/requirements.txt"

if command -v npm >/dev/null 2>&1; then
    mkdir -p "$to/typescript"
    cp "$here/typescript/package.json" "$here/typescript/package-lock.json" "$to/typescript"
    npm ci --prefix "$to/typescript" --silent --no-audit --no-fund --ignore-scripts
else
    echo "Footnote: without npm (Node.js 20.19 or newer) the test of a generated TypeScript client is skipped" >&2
fi
