"""What an operator sees of a site, and who may see it."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from pipeline.config_values import Positive, Secret, Strict

HERE = "127.0.0.1"
LOOPBACK = ("localhost", HERE, "::1")
USUAL_PORT = 8181
SHORTEST_TOKEN = 16
"""Characters: what is shorter is guessed."""


class ProxyConfig(Strict):
    """A proxy that knows who somebody is, and says so in a header.

    Attributes:
        header: its value is `viewer` or `operator`. The proxy must take away what a client sends under that name.
        addresses: of the proxy; from anybody else its headers count for nothing.
        client_header: where it writes for whom it asks, each proxy behind the one before; the last address that is no
            proxy's is the client's, whose rate is limited and who stands in the log of erasures.
    """

    header: str = Field("X-Passerby-Role", pattern=r"^[A-Za-z0-9-]+$")
    client_header: str = Field("X-Forwarded-For", pattern=r"^[A-Za-z0-9-]+$")
    addresses: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _addresses(self) -> Self:
        for address in self.addresses:
            ip_address(address)
        return self


class ViewConfig(Strict):
    """The view of a site: `reid-pipeline serve`, and `reid-pipeline run --view`.

    Attributes:
        port: where it is served; 0 takes any that is free.
        host: on this machine only unless it says otherwise; anything else needs a token or a proxy.
        names: by which browsers may call it, beside `host`; for a proxy that keeps the name.
        viewer_token: whoever has it sees everything, and changes nothing.
        operator_token: whoever has it may also erase persons, and say who is the same. Without any token, and without
            a proxy, everybody on this machine is an operator.
        proxy: says who somebody is.
        images: frames of cameras are shown to who asks for them, and the best crop of each track is kept. By default
            nobody's image is shown or kept.
        image_s: a crop is kept this long, seconds; None: as long as the track is remembered.
        frame_fps: frames of a camera that is looked at, per second, at most.
        frame_width: of such a frame, pixels.
        history: so many of the newest events are kept in Redis for the view; 0: none. 1 kB each.
        verdicts: folder for what operators say of two sightings; None: `verdicts` in that of the output.
    """

    port: int = Field(USUAL_PORT, ge=0, le=65535)
    host: str = HERE
    names: tuple[str, ...] = ()
    viewer_token: Secret | None = None
    operator_token: Secret | None = None
    proxy: ProxyConfig | None = None
    images: bool = False
    image_s: Positive | None = None
    frame_fps: Annotated[float, Field(gt=0, le=30)] = 2.0
    frame_width: Annotated[int, Field(ge=64, le=3840)] = 640
    history: Annotated[int, Field(ge=0)] = 50_000
    verdicts: Path | None = None

    @property
    def is_open(self) -> bool:
        """Whether nobody is asked who they are."""
        return self.viewer_token is None and self.operator_token is None and self.proxy is None

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if self.is_open and self.host not in LOOPBACK:
            raise ValueError(
                f"host {self.host} lets other machines in: set viewer_token, operator_token or proxy, or serve on "
                f"{HERE}"
            )
        tokens = [token.get_secret_value() for token in (self.viewer_token, self.operator_token) if token is not None]
        if any(len(token) < SHORTEST_TOKEN for token in tokens):
            raise ValueError(f"a token has at least {SHORTEST_TOKEN} characters")
        if len(set(tokens)) < len(tokens):
            raise ValueError("viewer_token and operator_token must differ")
        return self
