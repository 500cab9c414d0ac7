#!/bin/sh
# install.sh PYTHON ARGUMENTS: install.py with the Python of .venv if that is fit, else with PYTHON.
is_new='import sys; sys.exit(sys.version_info < (3, 11))'
version='import sys; sys.stdout.write(sys.version.split()[0])'
python=$1
shift

if .venv/bin/python -c "$is_new" 2>/dev/null; then
    exec .venv/bin/python tools/install.py "$@"
elif "$python" -c "$is_new" 2>/dev/null; then
    exec "$python" tools/install.py "$@"
fi

found=$("$python" -c "$version" 2>/dev/null) || found=
for newer in python3.14 python3.13 python3.12 python3.11; do
    if "$newer" -c "$is_new" 2>/dev/null; then
        advice="Type: make ${MAKECMDGOALS:-run} PYTHON=$newer"
        break
    fi
done
: "${advice:=Install one (https://www.python.org/downloads/), then type: make ${MAKECMDGOALS:-run} PYTHON=python3.12}"
if [ -n "$found" ]; then
    echo "GTS needs Python 3.11 or newer, and $python is $found. $advice" >&2
else
    echo "GTS needs Python 3.11 or newer, and there is no $python here. $advice" >&2
fi
exit 1
