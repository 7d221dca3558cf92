#!/bin/bash
# Makes captures again: `sudo pcaps/make.sh NAME…`, or `all`. NAME is a recipe, make/NAME.sh; without one the recipes
# are listed. Each recipe builds its own network namespaces (make/lib.sh), runs real programs in them, captures what
# they say, and rewrites its rows of README.md. Nothing is started outside these namespaces, and they are gone
# afterwards, also after Ctrl-C.
set -euo pipefail
cd "$(dirname "$0")"

if [ $# -eq 0 ]; then
  echo "usage: $0 NAME…|all, where NAME is one of:" >&2
  for recipe in make/*.sh; do
    name=$(basename "$recipe" .sh)
    [ "$name" = lib ] || printf '  %-12s %s\n' "$name" "$(sed -n '2s/^# //p' "$recipe")" >&2
  done
  exit 2
fi

if [ "$1" = all ]; then
  set -- $(basename -s .sh make/*.sh | grep -vx lib)
fi
for name in "$@"; do
  if [ ! -f "make/$name.sh" ] || [ "$name" = lib ]; then
    echo "$0: no recipe named $name (run $0 without arguments for the list)" >&2
    exit 2
  fi
done
for name in "$@"; do
  echo "== $name" >&2
  bash "make/$name.sh"
done

# The table's columns are padded by the project's formatter, where it is installed.
if [ -x ../node_modules/.bin/prettier ]; then
  ../node_modules/.bin/prettier --log-level warn --write README.md
fi
