#!/bin/sh
# Run a Python of the version that the first argument names: from PATH, or one that pyenv keeps.
version=$1
shift
for found in "python$version" "$HOME/.pyenv/versions/$version".*/bin/python "/opt/homebrew/bin/python$version"; do
    if "$found" -c '' 2>/dev/null; then
        exec "$found" "$@"
    fi
done
echo "There is no Python $version here; install it, and run this again." >&2
exit 2
