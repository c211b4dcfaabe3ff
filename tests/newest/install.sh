#!/usr/bin/env bash
# Install the newest of everything, without the lock, on the newest Python that is here.
#   install.sh FOLDER [PYTHON]
set -euo pipefail
folder=$1
python=${2:-}
if [ -z "$python" ]; then
  for version in 3.14 3.13 3.12 3.11; do
    for candidate in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin/python; do
      # A shim may be there for a version that is not.
      if [ -z "$python" ] && "$candidate" -c 'import venv' 2>/dev/null; then python=$candidate; fi
    done
  done
fi
[ -n "$python" ] || { echo "There is no Python 3.11 or newer; name one with: make test-newest PYTHON_NEWEST=..." >&2; exit 1; }
"$python" -m venv --clear "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade pip
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --editable '.[app]' --group test
