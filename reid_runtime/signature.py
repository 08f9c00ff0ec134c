"""Whether a file, and the arrays given to it, have the inputs and outputs that the card says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reid_runtime.card import ArtefactError, ModelCard, TensorSpec
from reid_runtime.session import Arrays


@dataclass(frozen=True, slots=True)
class Signature:
    """What a file declares.

    Attributes:
        inputs: in its order.
        outputs: in its order.
        metadata: what its exporter left in it, such as the names of classes.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)


def check_signature(found: Signature, card: ModelCard, path: Path) -> None:
    """Holds a file against its card; meanings are for people and do not count.

    Raises:
        ArtefactError: at the first difference.
    """
    _check("inputs", found.inputs, card.inputs, path)
    _check("outputs", found.outputs, card.outputs, path)


def as_known(found: TensorSpec, known: Iterable[TensorSpec]) -> TensorSpec:
    """An output in the words of a card, where it does not contradict them: runtimes infer sizes that a file leaves
    open, and leave open some that exporters wrote by hand."""
    spec = next((each for each in known if each.name == found.name), found)
    if len(spec.shape) != len(found.shape):
        return found
    shape = (size and (axis or size) for size, axis in zip(spec.shape, found.shape, strict=True))
    return found.model_copy(update={"shape": tuple(shape)})


def check_inputs(inputs: Arrays, card: ModelCard) -> None:
    """Holds arrays against a card.

    Raises:
        ValueError: at the first that is missing, too many, or of another shape or type.
    """
    names = {spec.name for spec in card.inputs}
    if inputs.keys() != names:
        raise ValueError(f"{card.name}: expected the inputs {sorted(names)}, found {sorted(inputs)}")
    for spec in card.inputs:
        array = inputs[spec.name]
        if array.dtype != spec.dtype or not matches(array.shape, spec.shape):
            raise ValueError(
                f"{card.name}: input {spec.name}: expected {show_spec(spec)}, found {array.shape} {array.dtype}"
            )


def matches(shape: tuple[int | None, ...], expected: tuple[int | None, ...]) -> bool:
    """True if a shape has as many axes as expected, and the expected size on each that is not free."""
    return len(shape) == len(expected) and all(e in (None, s) for s, e in zip(shape, expected, strict=True))


def show_spec(spec: TensorSpec) -> str:
    """Shape and type for a message; a free axis is a star."""
    return f"({', '.join('*' if size is None else str(size) for size in spec.shape)}) {spec.dtype}"


def _check(kind: str, found: tuple[TensorSpec, ...], expected: tuple[TensorSpec, ...], path: Path) -> None:
    if _facts(found) != _facts(expected):
        raise ArtefactError(
            f"{path.name}: expected {kind} {_listed(expected)}, found {_listed(found)}: "
            "the card belongs to another network; write a new one with `reid-pipeline adopt`"
        )


def _facts(specs: tuple[TensorSpec, ...]) -> list[tuple[str, tuple[int | None, ...], str]]:
    return [(spec.name, spec.shape, spec.dtype) for spec in specs]


def _listed(specs: tuple[TensorSpec, ...]) -> str:
    return "; ".join(f"{spec.name} {show_spec(spec)}" for spec in specs)
