"""The recipes that `benchmarks.capacity.gpu_training` runs, and how many steps of each fit into a time."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.capacity.gpu_people import EVERYBODY, LEARNT
from benchmarks.capacity.gpu_speed import ENCODER, params_of
from benchmarks.capacity.gpu_steps import Found, Program, StepError, run_program
from benchmarks.capacity.gpu_table import Learnt
from reid_learning.checkpoint import FILE as CHECKPOINT
from reid_learning.run_log import FILE, read_log
from reid_models.training.data import LABELS
from reid_models.training.feeds.crops import CropFeedParams
from reid_models.training.plan import Plan
from reid_models.training.recipes.catalogue import read_plan

TRAIN = "from reid_models.training.cli import entry; entry()"
START_S = 12.0
"""Until the first step: imports, the GPU, the first batch."""
CAUTION = 0.4
"""Share of the measured speed that is counted on: losses, both networks of TKP, and feeds come on top."""
LEAST, MOST = 20, 600
"""Steps of a stage."""
UNKNOWN = 60
"""Steps where no speed was measured."""
SAVE_EVERY = 50
"""Steps between two checkpoints: what is lost if it is stopped."""
DONE = "expected a run with steps to go"
"""Begins what `fit` says of a run that has nothing left to do."""


RATE = "rate"
"""In the log of a run, beside its losses."""


@dataclass(frozen=True, slots=True)
class Setup:
    """
    Attributes:
        device: cuda or cpu.
        is_toy: whether everything is tiny.
        work: folder of all that is made; a later call goes on in it.
        out: folder of the report.
        budget_s: seconds for everything.
    """

    device: str
    is_toy: bool
    work: Path
    out: Path
    budget_s: float

    @property
    def people(self) -> Path:
        """Folder of the rendered people."""
        return self.work / "people"

    def train(self, command: Sequence[str], log: str) -> Program:
        """`reid-train`, also where it is not installed."""
        return Program([sys.executable, "-c", TRAIN, *command], self.work / "logs" / f"{log}.log")


@dataclass(frozen=True, slots=True)
class Run:
    """
    Attributes:
        recipe: its name.
        network: in the catalogue, of ResNet-50's size; or the encoder.
        share: of the time, see `Step`.
        feed_s: seconds that a step takes whatever the GPU does: 128 frames take a core 0.06 s, and two make batches.
        fields: that change, beside the steps.
    """

    recipe: str
    network: str
    share: float = 35
    feed_s: float = 0.05
    fields: tuple[str, ...] = ("network.weights=null",)


RUNS = (
    Run("cosam-tp", "cosam-mean-resnet50"),
    # In two stages.
    Run("gltr", "gltr-paper-resnet50", share=60, feed_s=0.08),
    Run("tkp", "tkp-video-resnet50"),
    # Rendered people have no labels of RAP: row A of the paper, its network without them.
    Run(
        "attributes-baseline",
        "attributes-resnet50",
        feed_s=0.12,
        fields=("network.weights=null", "network.name=attributes-resnet50"),
    ),
    Run("vrstc-nl", "vrstc-resnet50"),
    # Its weights come by pip; a graph's batches cannot be made ahead.
    Run("encoder", ENCODER, feed_s=0.1, fields=()),
)
TOY_FIELDS = ("network.clip.height=64", "network.clip.width=32", "network.weights=null")
TOY_CROPS = ("feed.sizes=[{until: 1.0, height: 64, width: 32}]",)


def steps_for(plan: Plan, seconds: float, frames_per_s: float | None, *, feed_s: float) -> int:
    """Steps of each stage that a time is enough for.

    Args:
        plan: its stages share the time.
        seconds: for all of them, the start of each included.
        frames_per_s: that the network learns from on this device; None: nobody knows.
        feed_s: see `Run`.
    """
    if frames_per_s is None:
        return UNKNOWN
    left_s = seconds - START_S * len(plan.stages)
    one_s = 0.0
    for stage in plan.stages:
        frames = stage.recipe.feed.sampler.batch * _frames(stage.recipe.feed, stage.recipe.network.clip.frames)
        one_s += max(feed_s, frames / (CAUTION * frames_per_s))
    return int(np.clip(left_s / one_s, LEAST, MOST))


def _frames(feed: object, frames: int) -> int:
    """Crops come one by one, whatever the clips of serving are."""
    return 1 if isinstance(feed, CropFeedParams) else frames


def fit(run: Run, setup: Setup, speed: Callable[[], float | None], seconds: float) -> Found:
    """Runs the recipe; where it was stopped before, it goes on."""
    plan = read_plan(run.recipe)
    is_crops = isinstance(plan.stages[0].recipe.feed, CropFeedParams)
    people = setup.people / (LEARNT if is_crops else EVERYBODY)
    if not (people / LABELS).is_file():
        raise StepError("there are no people to learn from")
    steps = _steps(run, setup, plan, seconds, speed())
    command = ["fit", run.recipe, "--out", str(_folder(run, setup))]
    command += ["--data", str(people) if is_crops else f"simulated={people}", "--steps", str(steps)]
    command += ["--device", setup.device, "--amp", "bf16"]
    fields = [*run.fields, f"loop.save_every={SAVE_EVERY}"]
    if setup.is_toy:
        command += ["--trunk", "compact", "--batch", "8"]
        fields += [*TOY_FIELDS, *(TOY_CROPS if is_crops else ())]
    for one in fields:
        command += ["--set", one]
    try:
        is_done = run_program(setup.train(command, f"fit-{run.recipe}"), seconds)
    except StepError as error:
        if DONE not in str(error):
            raise
        is_done = True
    return Found({"steps": steps}, is_whole=is_done, words="" if is_done else f"stopped after {seconds:.0f} s")


def evaluate(run: Run, setup: Setup, seconds: float) -> Found:
    """Asks what there is of it by people it has not seen."""
    stage = _last_stage(run, setup)
    if stage is None:
        raise StepError("nothing of it was learnt")
    command = ["evaluate", str(stage), "--data", f"simulated={setup.people / EVERYBODY}"]
    # Rendered people are queries and gallery in one: the protocols of COSAM and Gao would leave nobody to find.
    command += ["--protocol", "mars", "--json", str(_scores(run, setup)), "--device", setup.device, "--amp", "bf16"]
    is_done = run_program(setup.train(command, f"evaluate-{run.recipe}"), seconds)
    return Found(is_whole=is_done, words="" if is_done else f"stopped after {seconds:.0f} s")


def learnt(run: Run, setup: Setup) -> Learnt:
    """What the folder of a run says of it."""
    stage = _last_stage(run, setup)
    if stage is None:
        return Learnt(run.recipe)
    curves = read_log(stage)
    number = max((steps[-1] for steps, _ in curves.values()), default=0)
    losses = sum(np.array(values) for name, (_, values) in curves.items() if name != RATE)
    path = _scores(run, setup)
    scores = json.loads(path.read_text(encoding="utf-8"))["scores"] if path.is_file() else {}
    if not isinstance(losses, np.ndarray) or not losses.size:
        return Learnt(run.recipe, number, scores=scores)
    tenth = max(1, len(losses) // 10)
    return Learnt(run.recipe, number, float(losses[:tenth].mean()), float(losses[-tenth:].mean()), scores)


def _steps(run: Run, setup: Setup, plan: Plan, seconds: float, clips_per_s: float | None) -> int:
    """As many as the first call chose: a run that goes on must not become shorter."""
    chosen = _folder(run, setup) / "steps"
    if chosen.is_file():
        return int(chosen.read_text(encoding="utf-8"))
    frames_per_s = None if clips_per_s is None else clips_per_s * params_of(run.network, toy=False).clip.frames
    steps = 2 if setup.is_toy else steps_for(plan, seconds, frames_per_s, feed_s=run.feed_s)
    chosen.parent.mkdir(parents=True, exist_ok=True)
    chosen.write_text(f"{steps}\n", encoding="utf-8")
    return steps


def _last_stage(run: Run, setup: Setup) -> Path | None:
    """The last one with a checkpoint."""
    folders = [_folder(run, setup) / stage.name for stage in reversed(read_plan(run.recipe).stages)]
    return next((folder for folder in folders if all((folder / name).is_file() for name in (CHECKPOINT, FILE))), None)


def _folder(run: Run, setup: Setup) -> Path:
    return setup.work / "runs" / run.recipe


def _scores(run: Run, setup: Setup) -> Path:
    return _folder(run, setup) / "scores.json"
