#!/usr/bin/env bash
# What a lent GPU makes of the exported networks, within ten minutes and without a network there: `reid-export gpu-report`.
#
#   benchmarks/capacity/gpu_export.sh --prepare    where there is a network, before: wheels and networks, in parcels
#   benchmarks/capacity/gpu_export.sh --unload     there, once for each parcel, where only so much travels at a time
#   benchmarks/capacity/gpu_export.sh              there: the report in $OUT, or in build/gpu_export
#
# ONNX Runtime for GPUs alone is larger than what a lent machine takes at once, hence the parcels: folders 1, 2, ... of
# .gpu-export, one to be carried with each call of --unload. TensorRT's own libraries are on no public index that can be
# asked here; where they are installed, its engines are part of the report.
set -euo pipefail
cd "$(dirname "$0")/../.."

python=${PYTHON:-python3}
parcels=.gpu-export
unloaded=${TMPDIR:-/tmp}/gpu-export
parcel_mb=48
minutes=9
export PYTHONPATH=$PWD:$PWD/clients/python${PYTHONPATH:+:$PYTHONPATH}
# The image of a lent GPU has torch, onnx, OpenCV, NumPy and rich, but not these, or too old ones, or those for processors.
missing=(annotated-doc annotated-types av onnxruntime-gpu pydantic pydantic_core threadpoolctl typer typing_extensions
    typing-inspection)

prepare() {
    local work platforms=() tag network precision
    work=$(mktemp -d)
    trap 'rm -rf "$work"' RETURN
    for tag in manylinux_2_28 manylinux_2_27 manylinux_2_17 manylinux2014 manylinux1; do
        platforms+=(--platform "${tag}_x86_64")
    done
    sed 's/^onnxruntime==/onnxruntime-gpu==/' constraints.txt >"$work/constraints.txt"
    "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.12 \
        --implementation cp "${platforms[@]}" -c "$work/constraints.txt" -d "$work/load/wheels" "${missing[@]}"
    mkdir -p "$work/load/networks"
    for network in passerby-encoder passerby-detector; do
        cp "configs/models/$network".* "$work/load/networks"
        for precision in fp16 int8; do
            "$python" -m export.cli precision "configs/models/$network.onnx" --to "$precision" \
                --out "$work/load/networks/$network-$precision.onnx" || echo "$network: no $precision" >&2
        done
    done
    rm -rf "$parcels" && mkdir "$parcels"
    tar --create --directory "$work/load" . | split --bytes "${parcel_mb}MB" --numeric-suffixes=10 - "$parcels/piece."
    local number=0 piece
    for piece in "$parcels"/piece.*; do
        number=$((number + 1))
        mkdir "$parcels/$number"
        mv "$piece" "$parcels/$number"
    done
    echo "$number parcels of at most $parcel_mb MB in $parcels: carry one with each --unload" >&2
}

case "${1:-}" in
    --prepare) prepare; exit 0 ;;
    --unload) mkdir -p "$unloaded"; cp "$parcels"/*/piece.* "$unloaded"; ls "$unloaded"; exit 0 ;;
esac

ls "$unloaded"/piece.* >/dev/null 2>&1 || { echo "expected parcels in $unloaded: run $0 --unload with each" >&2; exit 1; }
cat "$unloaded"/piece.* | tar --extract --directory "$unloaded"
"$python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-compile --no-cache-dir \
    --upgrade --target "$unloaded/site" "$unloaded"/wheels/*.whl
export PYTHONPATH=$unloaded/site:$PYTHONPATH PYTHONUNBUFFERED=1
exec "$python" -m export.cli gpu-report "${OUT:-build/gpu_export}" "$unloaded/networks/passerby-encoder.onnx" \
    "$unloaded/networks/passerby-detector.onnx" --minutes "$minutes"
