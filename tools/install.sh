#!/bin/sh
# install.sh ARGUMENTS: tools/install with the Python of .venv if that is fit, else with $PYTHON.
# It is not fit where make was called with a PYTHON of another version.
is_new='import sys; sys.exit(sys.version_info < (3, 11))'
version='import sys; sys.stdout.write(sys.version.split()[0])'
minor='import sys; sys.stdout.write("%d.%d" % sys.version_info[:2])'
python=$PYTHON

is_wanted() { # whether the Python of .venv has the version that was asked for
    [ "$PYTHON_ORIGIN" = "command line" ] || return 0
    asked=$("$python" -c "$minor" 2>/dev/null) || return 0
    [ "$asked" = "$(.venv/bin/python -c "$minor" 2>/dev/null)" ]
}

if .venv/bin/python -c "$is_new" 2>/dev/null && is_wanted; then
    exec .venv/bin/python -m tools.install "$@"
elif "$python" -c "$is_new" 2>/dev/null; then
    exec "$python" -m tools.install "$@"
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
