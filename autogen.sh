#!/bin/sh
# Makes ./configure. The generated files are never committed.
cd "$(dirname "$0")" && mkdir -p build-aux && exec autoreconf -fi
