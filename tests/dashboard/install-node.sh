#!/usr/bin/env bash
# The dashboard's JavaScript is checked and tested with node; install Debian's where there is none.
set -euo pipefail
if command -v node >/dev/null && command -v npm >/dev/null; then exit 0; fi
if ! command -v apt-get >/dev/null; then
  echo "The checks of the JavaScript need node 18 or newer with npm. Install both." >&2
  exit 1
fi
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
echo "Installing node for the checks of the JavaScript"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null
