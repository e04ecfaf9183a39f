#!/usr/bin/env bash
# Resolve everything once (CPU and GPU, Python 3.11 to 3.13), then cut the hashed locks out of that one answer.
# A maintainer's tool: needs `uv`; users install the locks with plain pip.
set -euo pipefail
cd "$(dirname "$0")/.."
resolve() { uv pip compile pyproject.toml requirements/build.in --quiet --universal --python-version 3.11 \
  --override requirements/overrides.in --no-header --no-annotate "$@"; }
all=$(mktemp)
trap 'rm -f "$all"' EXIT
resolve requirements/torch.in --all-extras -o "$all"
lock() { local name=$1; shift; resolve --generate-hashes -c "$all" "$@" -o "requirements/$name.lock"; }
rm -f requirements/*.lock
without=(--override requirements/bertopic.in)
lock core
lock lab --extra lab
lock topics --extra topics "${without[@]}"
lock embed --extra embed requirements/torch.in
lock test --extra lab --extra test "${without[@]}"
lock gpu --extra topics --extra gpu "${without[@]}"
