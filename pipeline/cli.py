"""`reid-pipeline`: the command line. Results go to stdout, messages to stderr; exit code 0 done, 1 failed, 2 misuse.

Each command imports what it needs when it runs, so that the help comes at once.
"""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from pipeline.cli_events import events, topics
from pipeline.cli_letters import letters
from pipeline.cli_networks import adopt, fetch
from pipeline.cli_options import (
    CONFIG,
    CalibrationOption,
    DetectorOption,
    EncoderOption,
    LookAlikesOption,
    OutOption,
    PresetOption,
    ProviderOption,
    SecondsOption,
    ThresholdOption,
    deployment,
    simulation,
    site_file,
)
from pipeline.cli_site import erase, serve


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"passerby {version('passerby')}")
        raise typer.Exit


app = typer.Typer(
    name="reid-pipeline",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

VersionOption = Annotated[
    bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version, and exit.")
]
app.add_typer(topics, name="topics")
app.add_typer(events, name="events")
app.add_typer(letters, name="letters")


@app.callback()
def common(
    version: VersionOption = False,
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], typer.Option(help="The least that is said on stderr.")
    ] = "info",
    log_format: Annotated[
        Literal["text", "json"], typer.Option(help="Of the lines on stderr; json: one object a line.")
    ] = "text",
) -> None:
    """Recognise the same person across cameras, from live streams."""
    from pipeline.telemetry.logs import LogParams, set_up_logs

    set_up_logs(LogParams(log_level, log_format))


@app.command()
def run(
    config: Annotated[
        Path | None, typer.Argument(parser=deployment, metavar="CONFIG", help=f"{CONFIG}; flags replace what it says.")
    ] = None,
    camera: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=SOURCE: a video file, a folder of images, an address, the number of a webcam. Repeatable."
        ),
    ] = None,
    preset: PresetOption = None,
    detector: DetectorOption = None,
    encoder: EncoderOption = None,
    site: Annotated[
        Path | None,
        typer.Option(parser=site_file, metavar="SITE", help=f"{CONFIG}: which cameras overlap, how long walks take."),
    ] = None,
    calibration: CalibrationOption = None,
    threshold: ThresholdOption = None,
    frame_rate: Annotated[float | None, typer.Option(help="True rate of the --camera files.")] = None,
    tiles: Annotated[str | None, typer.Option(help="COLUMNSxROWS: tiles of the --camera images to look at.")] = None,
    provider: ProviderOption = None,
    out: Annotated[Path | None, typer.Option(help="Folder for all that is written.  [default: out]")] = None,
    videos: Annotated[bool, typer.Option("--videos", help="Draw an annotated video of each camera.")] = False,
    mosaic: Annotated[bool, typer.Option("--mosaic", help="Draw one video of all cameras side by side.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Write report.html.")] = False,
    thumbnails: Annotated[bool, typer.Option("--thumbnails", help="Keep an image of each tracklet.")] = False,
    view: Annotated[bool, typer.Option("--view", help="Serve a view of the run while it goes on.")] = False,
    view_port: Annotated[int | None, typer.Option(help="Of --view.  [default: 8181]")] = None,
    images: Annotated[
        bool, typer.Option("--images", help="The view may show frames, and keeps a crop of each track.")
    ] = False,
    http_port: Annotated[int | None, typer.Option(help="Serve /metrics, /livez and /readyz.")] = None,
    topic: Annotated[str | None, typer.Option(help="Of Kafka, for the events, beside events.jsonl.")] = None,
    print_events: Annotated[
        bool, typer.Option("--print-events", help="Events to stdout, too, as JSON lines as they come.")
    ] = False,
) -> int:
    """Videos or streams in, identities across cameras out."""
    from pipeline.commands.stopping import StopSignal

    with StopSignal() as stop:
        from pipeline.commands.flags import Flags
        from pipeline.commands.run import run_pipeline

        flags = Flags(
            cameras=tuple(camera or ()),
            preset=preset,
            detector=detector,
            encoder=encoder,
            site=site,
            calibration=calibration,
            threshold=threshold,
            frame_rate=frame_rate,
            tiles=tiles,
            provider=provider,
            out=out,
            videos=videos,
            mosaic=mosaic,
            report=report,
            thumbnails=thumbnails,
            http_port=http_port,
            topic=topic,
            prints_events=print_events,
            view=view,
            view_port=view_port,
            images=images,
        )
        return run_pipeline(config, flags, stop)


@app.command()
def worker(
    config: Annotated[
        Path, typer.Argument(parser=deployment, metavar="CONFIG", help="YAML file of the site, with all its cameras.")
    ],
    camera: Annotated[list[str] | None, typer.Option(help="Name of one to run; without it, all. Repeatable.")] = None,
) -> int:
    """Some cameras of a site in a process of their own; embeddings go into a stream in Redis."""
    from pipeline.commands.stopping import StopSignal

    with StopSignal() as stop:
        from pipeline.commands.worker import run_worker

        return run_worker(config, tuple(camera or ()), stop)


@app.command()
def match(
    config: Annotated[
        Path,
        typer.Argument(
            parser=deployment, metavar="CONFIG", help="YAML file of the site, the same that the workers have."
        ),
    ],
    topic: Annotated[
        str | None, typer.Option(help="Of Kafka, for the events; without it they go to events.jsonl.")
    ] = None,
    until_end: Annotated[bool, typer.Option("--until-end", help="Stop when all workers have come to an end.")] = False,
    accept_changes: Annotated[
        bool,
        typer.Option(
            "--accept-changes",
            help="Go on with a site in Redis that is of another window_s, encoder or list of cameras.",
        ),
    ] = False,
) -> int:
    """Decides for a site what its workers put into Redis; a second one stands by."""
    from pipeline.commands.stopping import StopSignal

    with StopSignal() as stop:
        from pipeline.commands.match import run_match

        return run_match(config, stop, topic=topic, until_end=until_end, accepts_changes=accept_changes)


app.command()(serve)
app.command()(erase)


@app.command()
def check(
    config: Annotated[Path, typer.Argument(parser=deployment, metavar="CONFIG", help=f"{CONFIG}.")],
    connect: Annotated[
        bool,
        typer.Option("--connect", help="Ask each camera, Redis and whoever takes events once, and say what is seen."),
    ] = False,
    topic: Annotated[
        str | None, typer.Option(help="Of Kafka, for --connect.  [default: that of `topics create`]")
    ] = None,
) -> int:
    """Checks a configuration and prints the plan, without running it."""
    from pipeline.commands.check import print_plan

    return print_plan(config, connects=connect, topic=topic)


@app.command()
def evaluate(
    run_folder: Annotated[Path, typer.Argument(help="What `run` wrote with --out.")],
    truth: Annotated[
        list[str], typer.Option(help="CAMERA=FILE: truth as MOT text, or a folder of CAMERA.txt. Repeatable.")
    ],
    feet: Annotated[
        str | None, typer.Option(help="CAMERA=FILE: foot points of the same persons in a second view, as CSV.")
    ] = None,
    last_frame: Annotated[int | None, typer.Option(min=1, help="Score no later frame, counted from 1.")] = None,
    truth_format: Annotated[
        str | None, typer.Option(help="mot15, mot16 or visdrone, where the columns do not tell.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> int:
    """Scores a run against the truth: IDF1, MOTA, HOTA per camera and across cameras."""
    from pipeline.commands.evaluate import layout_of, print_scores

    return print_scores(run_folder, truth, feet, last_frame, layout=layout_of(truth_format), as_json=as_json)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for all that is written.")] = Path("demo"),
    site: Annotated[
        Path | None,
        typer.Option(parser=simulation, metavar="SITE", help=f"{CONFIG}, of a simulated site.  [default: shop]"),
    ] = None,
    seconds: SecondsOption = None,
    look_alikes: LookAlikesOption = None,
    preset: PresetOption = None,
    detector: DetectorOption = None,
    encoder: EncoderOption = None,
    calibration: CalibrationOption = None,
    threshold: ThresholdOption = None,
    provider: ProviderOption = None,
) -> int:
    """Records a made-up shop, recognises who is who in it, and scores that; needs no download."""
    from pipeline.commands.stopping import StopSignal

    with StopSignal() as stop:
        from pipeline.commands.demo import run_demo
        from pipeline.commands.flags import Flags
        from pipeline.deployment.simulated import Replaced

        flags = Flags(
            preset=preset,
            detector=detector,
            encoder=encoder,
            calibration=calibration,
            threshold=threshold,
            provider=provider,
        )
        return run_demo(site, out, Replaced(seconds=seconds, look_alikes=look_alikes), flags, stop)


@app.command()
def simulate(
    site: Annotated[Path, typer.Argument(parser=simulation, metavar="SITE", help=f"{CONFIG}, such as shop.")],
    out: OutOption,
    seconds: SecondsOption = None,
    seed: Annotated[
        int | None, typer.Option(help="Of people and of what they do; replaces what the file says.")
    ] = None,
    look_alikes: LookAlikesOption = None,
    camera: Annotated[
        list[str] | None, typer.Option(help="Name of one to record; without it, all. Repeatable.")
    ] = None,
) -> int:
    """Records a made-up site whose truth is known: videos, truth, calibration, and a configuration for `run`."""
    from pipeline.commands.stopping import StopSignal

    with StopSignal() as stop:
        from pipeline.commands.simulate import simulate as write_site
        from pipeline.deployment.simulated import Replaced

        return write_site(site, out, Replaced(seconds, seed, look_alikes), camera or (), stop)


@app.command()
def simulate_tracklets(
    out: OutOption,
    persons: Annotated[int, typer.Option(help="Half of them for training, half for testing.")] = 100,
    cameras: Annotated[int, typer.Option(help="That see each of them.")] = 6,
    tracklets: Annotated[int, typer.Option(help="Of a person in one camera, at most.")] = 2,
    crops: Annotated[int, typer.Option(help="In a tracklet.")] = 8,
    style: Annotated[str, typer.Option(help="Of clothes: shop, office, winter, summer or any.")] = "any",
    look_alikes: Annotated[float, typer.Option(help="Share of people dressed like others.")] = 0.1,
    seed: Annotated[int, typer.Option(help="Of everything.")] = 0,
) -> int:
    """Renders labelled tracklets of made-up people in the layout of MARS, with attributes."""
    from pipeline.commands.stopping import StopSignal

    with StopSignal() as stop:
        from pipeline.commands.simulate_tracklets import simulate_tracklets as write_set

        return write_set(
            out,
            persons=persons,
            cameras=cameras,
            tracklets=tracklets,
            crops=crops,
            style=style,
            look_alikes=look_alikes,
            seed=seed,
            stop=stop,
        )


@app.command()
def calibrate(
    tracklets: Annotated[Path, typer.Argument(help="Labelled tracklets, a folder in the layout of MARS.")],
    encoder: Annotated[str, typer.Option(help="Name or file of a network, or `colour-stripes`.")],
    out: Annotated[Path, typer.Option(help="File to write; the histograms go beside it as PNG.")],
    false_match_rate: Annotated[float, typer.Option(help="Share of different people to take for the same.")] = 0.01,
    provider: ProviderOption = None,
) -> int:
    """Finds the threshold of an encoder at a false-match rate, and what its similarities are worth."""
    from pipeline.commands.calibrate import write_threshold

    return write_threshold(tracklets, encoder, out, false_match_rate, provider)


app.command()(adopt)
app.command()(fetch)


@app.command()
def configs(
    name: Annotated[str | None, typer.Argument(help="To print as it stands; without it, the list.")] = None,
) -> int:
    """Lists the configurations that come with Passerby, or prints one, to be changed and kept."""
    from pipeline.commands.configs import list_configs, print_config

    return list_configs() if name is None else print_config(name)


@app.command()
def doctor() -> int:
    """Says what is really here: versions, providers that work, models, GPU or not."""
    from pipeline.commands.doctor import examine

    return examine()


def main(argv: Sequence[str]) -> int:
    """Runs one command, or prints the help; returns the exit code."""
    try:
        code = app(args=list(argv) or ["--help"], standalone_mode=False)
    except typer.TyperException as error:
        message = " ".join(error.format_message().split()).rstrip(".")
        sys.stderr.write(f"reid-pipeline: {message}; see `reid-pipeline --help`\n")
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - `_say` raises again what is not for the user
        return _say(error)
    return int(code or 0)


def _say(error: Exception) -> int:
    """One line for what a user can mend; a traceback only for what only we can."""
    from reid_runtime.faults import exit_code, in_one_line

    code = exit_code(error)
    if code is None:
        raise error
    from pipeline.telemetry.logs import log_end

    if not log_end(in_one_line(error)):
        sys.stderr.write(f"reid-pipeline: {in_one_line(error)}\n")
    return code


def entry() -> None:
    """The installed command."""
    code = main(sys.argv[1:])
    # While it ends, the interpreter gives signals back to the kernel, which would kill: nothing is left to stop.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.exit(code)
