import json
from pathlib import Path

import pytest

from reid_runtime.card import ArtefactError, ClipSpec, ModelCard, Pixels, card_path, file_sha256, read_card, write_card
from testing.networks import card

CLIP = ClipSpec(frames=8, height=256, width=128)


@pytest.fixture
def artefact(tmp_path: Path) -> Path:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"weights")
    return path


def carded(artefact: Path, *, clip: ClipSpec | None = None) -> ModelCard:
    return card((None, 3, 256, 128), clip=clip).model_copy(update={"sha256": file_sha256(artefact)})


def test_a_card_reads_as_it_was_written(artefact: Path) -> None:
    written = carded(artefact, clip=CLIP)
    assert write_card(written, artefact) == artefact.with_suffix(".json")
    assert read_card(artefact) == written


def test_the_model_id_names_the_network_and_its_weights(artefact: Path) -> None:
    assert carded(artefact).model_id == f"tiny@{file_sha256(artefact)[:12]}"


def test_an_artefact_without_a_card_tells_how_to_write_one(artefact: Path) -> None:
    with pytest.raises(ArtefactError, match=r"net\.onnx has no card.*reid-pipeline adopt .*net\.onnx`"):
        read_card(artefact)


def test_an_engine_without_its_card_is_to_be_built_anew(tmp_path: Path) -> None:
    engine = tmp_path / "net.engine"
    engine.write_bytes(b"weights")
    with pytest.raises(ArtefactError, match=r"has no card, .*: build the engine anew with `reid-export engine`"):
        read_card(engine)


def test_a_card_of_another_file_is_refused(artefact: Path) -> None:
    write_card(carded(artefact), artefact)
    artefact.write_bytes(b"other weights")
    with pytest.raises(ArtefactError, match="belongs to another file: expected sha256"):
        read_card(artefact)


def test_a_missing_artefact_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match=r"expected an artefact at .*gone\.onnx, found no file"):
        read_card(tmp_path / "gone.onnx")


@pytest.mark.parametrize("text", ["", "not json", "[]", '{"name": "x"}', '{"name": 1}'])
def test_a_spoilt_card_is_one_clear_line(artefact: Path, text: str) -> None:
    card_path(artefact).write_text(text)
    with pytest.raises(ArtefactError, match="is no model card") as caught:
        read_card(artefact)
    assert "\n" not in str(caught.value)


def test_an_unknown_field_is_refused(artefact: Path) -> None:
    text = carded(artefact).model_dump_json().replace('"name"', '"colour":"blue","name"', 1)
    card_path(artefact).write_text(text)
    with pytest.raises(ArtefactError, match="colour"):
        read_card(artefact)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (("name",), "two\nlines"),
        (("name",), "../../elsewhere"),
        (("name",), "else\\where"),
        (("name",), "bell\a"),
        (("name",), "n" * 201),
        (("name",), ""),
        (("clip", "frames"), 10**9),
        (("clip", "frames"), 0),
        (("clip", "height"), -1),
        (("clip", "width"), 10**6),
        (("pixels", "std"), [1.0, 0.0, 1.0]),
        (("pixels", "std"), [1.0, 1.0]),
        (("pixels", "mean"), [0.0, 0.0, 0.0, 0.0]),
        (("pixels", "mean"), [0.0, float("nan"), 0.0]),
        (("pixels", "scale"), float("inf")),
        (("threshold",), 1.5),
        (("threshold",), float("nan")),
        (("inputs",), []),
        (("outputs",), []),
    ],
)
def test_a_card_that_cannot_be_meant_is_refused_by_name(artefact: Path, field: tuple[str, ...], value: object) -> None:
    fields = json.loads(carded(artefact, clip=CLIP).model_dump_json())
    inner = fields
    for each in field[:-1]:
        inner = inner[each]
    inner[field[-1]] = value
    card_path(artefact).write_text(json.dumps(fields))
    with pytest.raises(ArtefactError, match=rf"net\.json is no model card: {field[0]}.*adopt") as refused:
        read_card(artefact)
    assert "\n" not in str(refused.value)


def test_pixels_are_raw_unless_said_otherwise() -> None:
    pixels = Pixels(order="rgb", layout="nchw")
    assert (pixels.scale, pixels.mean, pixels.std) == (1.0, (0, 0, 0), (1, 1, 1))
