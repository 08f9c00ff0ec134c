"""Networks by name: where they come from, and where they lie on this machine.

Some came with the package. The others stand in a list, `configs/models.yaml`: what it names is fetched once, held to
its fingerprint, and kept in a cache with its card beside it; nothing else is ever downloaded.
"""

import http.client
import os
import shutil
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, BinaryIO

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from pipeline.families import family_named
from pipeline.shipped import MODELS, MODELS_FILE
from reid_runtime.adopt import adopt
from reid_runtime.card import ArtefactError, LikenessCurve, card_path, file_sha256
from reid_runtime.load import own_provider
from reid_runtime.session import Provider

CHUNK_BYTES = 1 << 16
TIMEOUT_S = 30.0
"""Without a byte for so long a download is given up."""


@dataclass(frozen=True, slots=True)
class Downloaded:
    """How far a download is.

    Attributes:
        there: bytes so far.
        size: bytes in all; None where the server does not say.
    """

    there: int
    size: int | None


DownloadObserver = Callable[[Downloaded], None]
Address = Annotated[str, Field(pattern=r"^https?://[^/].*\.(onnx|xml|bin)$")]
"""Its end is that of the file that is kept."""


class KnownFile(BaseModel):
    """A file of a network.

    Attributes:
        urls: where it lies, tried in their order; from the web alone, never a path of this machine.
        sha256: of the file, hexadecimal.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    urls: tuple[Address, ...] = Field(min_length=1)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.urls[0]).suffix


class KnownModel(BaseModel):
    """One entry of the list.

    Attributes:
        files: the artefact, and what it keeps in files beside it: of Intel's IR the weights.
        family: see `pipeline.families`.
        licence: of the weights.
        trained_on: as far as anybody knows.
        notes: for people.
        threshold, likeness: encoders only, see `ModelCard`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    files: tuple[KnownFile, ...] = Field(min_length=1)
    family: str
    licence: str
    trained_on: str
    notes: str = ""
    threshold: float | None = None
    likeness: LikenessCurve | None = None

    def written_to(self, artefact: Path) -> list[tuple[KnownFile, Path]]:
        """Each file, and where it lies where the artefact lies there."""
        return [(file, artefact.with_name(artefact.stem + file.suffix)) for file in self.files]

    @property
    def runtime(self) -> Provider:
        """The provider that every machine has for it, once its extra is installed."""
        return own_provider(Path(f"artefact{self.files[0].suffix}"))


ModelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
"""It becomes the name of a file."""


def known_models(path: Path = MODELS_FILE) -> dict[str, KnownModel]:
    """The list, by name.

    Raises:
        ArtefactError: if the list names what is no name of a network, or no address.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return TypeAdapter(dict[ModelName, KnownModel]).validate_python(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ArtefactError(f"{path}: {where}: {first['msg']}, found {first['input']!r}") from error


def default_cache() -> Path:
    """Where fetched networks lie: `PASSERBY_MODELS`, or a folder of the user's cache."""
    folder = os.environ.get("PASSERBY_MODELS")
    return Path(folder) if folder else Path.home() / ".cache" / "passerby" / "models"


def shipped_models() -> dict[str, Path]:
    """The networks that came with the project, by name."""
    return {path.stem: path for path in sorted(MODELS.glob("*.onnx"))}


def find_artefact(name_or_path: str, cache: Path | None = None) -> Path:
    """A network on this machine.

    Args:
        name_or_path: a path, recognised by its suffix, or a name: in the cache, or of a network that is shipped.
        cache: folder of fetched networks; None: `default_cache()`.

    Raises:
        ArtefactError: if there is none.
    """
    path = Path(name_or_path).expanduser()
    if path.suffix:
        return _existing(path, f"expected an artefact at {path}, found no file: check the path")
    if "/" in name_or_path:
        raise ArtefactError(f"expected the path of an artefact, with its suffix, or a name, found {name_or_path!r}")
    in_cache = cached_path(name_or_path, cache or default_cache())
    shipped, names = shipped_models(), known_models()
    if name_or_path in shipped and not in_cache.is_file():
        return shipped[name_or_path]
    if name_or_path not in names and not in_cache.is_file():
        raise ArtefactError(f"expected a path or one of {', '.join([*shipped, *names])}, found {name_or_path!r}")
    return _existing(in_cache, f"{name_or_path} is not on this machine: run `reid-pipeline fetch {name_or_path}`")


def is_at_hand(name: str) -> bool:
    """Whether a network of the list has been fetched."""
    return cached_path(name, default_cache()).is_file()


def cached_path(name: str, cache: Path, models: Mapping[str, KnownModel] | None = None) -> Path:
    """Where a network of that name, in the list, lies once it is fetched."""
    known = (known_models() if models is None else models).get(name)
    return cache / f"{name}{known.files[0].suffix if known else '.onnx'}"


def fetch(
    name: str,
    cache: Path | None = None,
    *,
    from_file: Path | None = None,
    observers: Sequence[DownloadObserver] = (),
    models: dict[str, KnownModel] | None = None,
) -> Path:
    """Brings a network of the list into the cache, with its card, unless it is there already.

    Args:
        name: in the list.
        cache: folder of fetched networks; None: `default_cache()`.
        from_file: a copy that was brought by hand, in the place of a download; what it keeps in files beside it lies
            beside it, under the same name.
        observers: are told how far the download is.
        models: the list; None: `known_models()`.

    Returns:
        Where it lies.

    Raises:
        ArtefactError: if the name is unknown, the network out of reach, or the file not the one that the list means.
    """
    models = known_models() if models is None else models
    if name not in models:
        raise ArtefactError(f"expected one of {', '.join(models)}, found {name!r}")
    model, target = models[name], cached_path(name, cache or default_cache(), models)
    missing = [each for each in model.written_to(target) if not _is_there(*each)]
    if missing:
        card_path(target).unlink(missing_ok=True)
    for file, path in missing:
        source = from_file and from_file.with_name(from_file.stem + file.suffix)
        _bring(name, file, path, source, observers)
    adopt(
        target,
        family_named(model.family),
        name=name,
        licence=model.licence,
        origin=model.files[0].urls[0],
        notes=f"{model.notes} Trained on: {model.trained_on}.",
        threshold=model.threshold,
        likeness=model.likeness,
    )
    return target


def _is_there(file: KnownFile, path: Path) -> bool:
    return path.is_file() and file_sha256(path) == file.sha256


def _bring(
    name: str, file: KnownFile, target: Path, source: Path | None, observers: Sequence[DownloadObserver]
) -> None:
    """Puts the file at `target` only when it is whole and the right one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial_file = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        if source is None:
            _download(name, file, partial_file, target, observers)
        else:
            shutil.copyfile(_existing(source, f"expected a copy of {name} at {source}, found no file"), partial_file)
            _verify(partial_file, file, source)
        partial_file.replace(target)
    finally:
        partial_file.unlink(missing_ok=True)


def _download(
    name: str, file: KnownFile, partial_file: Path, target: Path, observers: Sequence[DownloadObserver]
) -> None:
    """From the first address that has the right file; raises ArtefactError, with what each said, if none has."""
    refused: list[str] = []
    for url in file.urls:
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT_S) as response, partial_file.open("wb") as content:
                size = response.headers.get("Content-Length")
                _copy(response, content, int(size) if size else None, observers)
            _verify(partial_file, file, url)
            return
        except (ArtefactError, http.client.HTTPException, OSError) as error:
            refused.append(str(error))
    raise ArtefactError(
        f"cannot download {name} ({'; then '.join(refused)}): download {file.urls[0]} by hand, then "
        f"`reid-pipeline fetch {name} --from FILE`, or put it at {target} and fetch it again"
    )


def _copy(response: BinaryIO, file: BinaryIO, size: int | None, observers: Sequence[DownloadObserver]) -> None:
    copied = 0
    while chunk := response.read(CHUNK_BYTES):
        file.write(chunk)
        copied += len(chunk)
        for observer in observers:
            observer(Downloaded(copied, size))
    if size is not None and copied < size:
        raise http.client.IncompleteRead(b"", size - copied)


def _verify(partial_file: Path, file: KnownFile, origin: Path | str) -> None:
    found = file_sha256(partial_file)
    if found != file.sha256:
        raise ArtefactError(
            f"{origin} is another file than the list means, and was not kept: expected sha256 {file.sha256}, "
            f"found {found}: take it from the place that configs/models.yaml names"
        )


def _existing(path: Path, missing: str) -> Path:
    if not path.is_file():
        raise ArtefactError(missing)
    return path
