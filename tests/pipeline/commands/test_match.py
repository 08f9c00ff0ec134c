from pipeline.commands.match import expected_of
from pipeline.config import PipelineConfig
from reid_models.colour_stripes import stripes_card


def test_messages_of_a_live_site_are_held_against_the_clock_and_those_of_recordings_are_not() -> None:
    encoder = stripes_card()
    live, recorded = (
        expected_of(PipelineConfig.model_validate({"cameras": [{"name": "door", "source": source}]}), encoder)
        for source in ("rtsp://camera/1", "door.mp4")
    )
    assert live.cameras == recorded.cameras == {"door"}
    assert live.model_id == encoder.model_id
    assert live.dimensions == encoder.dimensions
    assert live.is_live
    assert not recorded.is_live
