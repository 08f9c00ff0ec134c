from pipeline.telemetry.health import Health


def test_ready_means_that_every_camera_streams_or_has_ended() -> None:
    health = Health()
    assert health.is_alive()
    assert not health.is_ready()
    health.camera("door", "streaming")
    assert health.is_ready()
    for state, is_ready in (("connecting", False), ("retrying", False), ("failed", False), ("ended", True)):
        health.camera("yard", state)
        assert health.is_ready() is is_ready, state


def test_one_camera_is_enough_where_an_operator_says_so() -> None:
    health = Health(needs_all=False)
    health.camera("door", "retrying")
    assert not health.is_ready()
    health.camera("yard", "streaming")
    assert health.is_ready()


def test_a_matcher_that_stands_by_is_ready() -> None:
    health = Health(ready_states=("leading", "standing by"))
    assert not health.is_ready()
    health.camera("matcher", "standing by")
    assert health.is_ready()
