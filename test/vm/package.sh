#!/bin/bash
# package.sh: the payload that installs /root/cap-audit.deb, and runs the package's own tests.
set -euo pipefail
# What a disk has only unpacked, dpkg knows without its files.
dpkg --install /root/cap-audit.deb 2> >(grep -v 'files list file for package' >&2)
cap-audit --probe
export AUTOPKGTEST_TMP=/tmp/tests AUTOPKGTEST_ARTIFACTS=/tmp/artifacts
mkdir $AUTOPKGTEST_TMP $AUTOPKGTEST_ARTIFACTS
exec /root/tests/daemon
