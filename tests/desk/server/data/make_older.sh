#!/bin/sh
# make_older.sh NAME: a backup of a sample desk by the version at hand, as NAME.dump and NAME.keys beside this file.
# Made before a release, it is what later versions are tried on (tests/desk/server/test_backup.py).
set -e
here=$(cd "$(dirname "$0")" && pwd)
made=$(mktemp -d) && chmod 755 "$made"
forbear demo --loans 60 --out "$made/demo" --port 0 --seconds 60 > "$made/said" &
until grep -q '^tried:' "$made/said"; do sleep 1; done
forbear desk backup "$here/$1.dump" --data "$made/demo/desk"
cp "$made/demo/desk/master-keys" "$here/$1.keys"
wait
rm -r "$made"
