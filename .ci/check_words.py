"""Old words of the project's table that must not come back: in names, options, keys, metrics, code spans of the docs.

    python .ci/check_words.py [ROOT]

Ordinary English in prose and in the names of tests stays free. Where an old word means something else, because it is
the term of a paper or the plain name of a thing, it is allowed in the folders that `ALLOWED` names.
"""

import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path

WORDS = {
    "film": "video",
    "films": "videos",
    "filmed": "recorded",
    "picture": "frame or image",
    "pictures": "frames or images",
    "lot": "chunk",
    "lots": "chunks",
    "turn": "CPU slot",
    "turns": "CPU slots",
    "turned": "beat",
    "seat": "CPU share",
    "seats": "CPU shares",
    "board": "busy threads",
    "part": "tracklet index",
    "parts": "tracklets",
    "looks": "appearance",
    "roster": "track table",
    "rival": "runner-up",
    "rivals": "runners-up",
    "hesitation": "deferral band",
    "correction": "merge or split",
    "corrections": "merges and splits",
    "revising": "identity merge and split",
    "correcting": "identity merge and split",
    "hindsight": "identity merge and split",
    "rehearse": "permission probe",
    "rehearsal": "permission probe",
    "forgives": "ignored",
    "forgiving": "ignored",
    "talk": "console",
    "said": "reported",
    "told": "reported",
}
NAMES = {
    "Ahead": "Prefetch",
    "Newest": "DropOldest",
    "Throttled": "RateLimit",
    "reads_ahead": "prefetches",
    "tells_progress": "emits_empty_windows",
    "yields_empty": "emits_empty_windows",
    "put_aside": "dead_letter",
    "set_aside": "dead_letter",
    "StripesEncoder": "ColourStripesEncoder",
    "StripesConfig": "ColourStripesConfig",
}
ALLOWED = {
    "simulation": {"turn", "turns", "turned", "seat", "seats", "board", "boards", "part", "parts", "looks"},
    "reid_simulation": {"turn", "turns", "turned", "seat", "seats", "board", "boards", "part", "parts", "looks"},
    "tests/simulation": {"turn", "turns", "turned", "seat", "seats", "part", "parts", "looks"},
    "tests/reid_simulation": {"turn", "turns", "turned", "seat", "seats", "part", "parts", "looks"},
    "reid_models": {"part", "parts", "turn"},
    # `Path.parts`.
    "testing/documentation": {"parts"},
    "tests/reid_models": {"part", "parts"},
    "benchmarks": {"parts"},
    "configs/simulation": {"looks", "seats"},
    "docs": {"looks"},
    "README.md": {"looks"},
    "tests/testing": {"looks"},
    "testing": {"looks", "turn", "turns"},
    "testing/simulation": {"part", "parts"},
    "testing/architectures": {"part", "parts"},
    "tests/pipeline": {"turn", "turns", "turned"},
    "tests": {"turn", "looks", "parts"},
}
"""Rotations and chairs, parts of bodies and of clothes, what a camera looks at; folders of the repository."""
PARTS_OF_A_NAME = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
KEY = re.compile(r"^[ \-{]*([A-Za-z_][\w-]*):(?: |$)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
METRIC = re.compile(r"\breid_[a-z_]+")
SPAN = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"[\w.-]*/[\w./-]+|\b\w+\.py\b|https?:\S+")


def main(root: Path) -> int:
    """Prints what bears an old word; returns the exit code."""
    found = [f"{path}:{row}: {name}: say {word}" for path in _files(root) for row, name, word in _faults(root, path)]
    for line in found:
        sys.stderr.write(f"{line}\n")
    return 1 if found else 0


def _files(root: Path) -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=root, check=True, capture_output=True, text=True).stdout
    kinds = {".py", ".md", ".yaml", ".yml", ".json", ".html"}
    here = Path(__file__).name
    return [Path(name) for name in listed.splitlines() if Path(name).suffix in kinds and Path(name).name != here]


def _faults(root: Path, path: Path) -> Iterator[tuple[int, str, str]]:
    """Line, name, and the word to use instead."""
    text = (root / path).read_text(encoding="utf-8")
    allowed = set().union(*(words for folder, words in ALLOWED.items() if path.as_posix().startswith(folder)))
    for row, name in _names(path, text):
        if (better := _better(name, allowed)) is not None:
            yield row, name, better


def _names(path: Path, text: str) -> Iterable[tuple[int, str]]:
    match path.suffix:
        case ".py":
            return _names_of_code(text)
        case ".md":
            return _found_in(text, SPAN, PATH)
        case ".yaml" | ".yml":
            return [*_found_in(text, KEY), *_found_in(text, METRIC)]
        case _:
            return _found_in(text, METRIC)


def _names_of_code(text: str) -> Iterator[tuple[int, str]]:
    """Names but those of modules and tests; strings of one word; options and metrics within strings."""
    is_import = False
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NEWLINE:
            is_import = False
        elif token.type == tokenize.NAME:
            is_import = (is_import or token.string in ("from", "import")) and token.string != "import"
            if not is_import and not token.string.startswith("test_") and not token.line.lstrip().startswith("import "):
                yield token.start[0], token.string
        elif token.type == tokenize.STRING:
            content = token.string.strip("rbfu").strip("\"'")
            if re.fullmatch(r"[a-z][a-z_]+", content):
                yield token.start[0], content
            for name in (*OPTION.findall(content), *METRIC.findall(content)):
                yield token.start[0], name


def _found_in(text: str, pattern: re.Pattern[str], ignored: re.Pattern[str] | None = None) -> Iterator[tuple[int, str]]:
    for row, line in enumerate(text.splitlines(), start=1):
        for span in pattern.findall(line):
            for name in re.findall(r"[A-Za-z_][\w-]*", ignored.sub("", span) if ignored else span):
                yield row, name


def _better(name: str, allowed: set[str]) -> str | None:
    if name in NAMES:
        return NAMES[name]
    words = [word.lower() for word in PARTS_OF_A_NAME.findall(name)]
    return next((WORDS[word] for word in words if word in WORDS and word not in allowed), None)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
