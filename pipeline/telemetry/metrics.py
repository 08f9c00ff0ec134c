"""Every counter, gauge and histogram of the pipeline, declared once."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_LATENCY_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_COSINES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)
_MARGINS = (0.0, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.3, 0.5, 1.0)
_EXCESSES = (-0.3, -0.2, -0.15, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2, 0.3)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """One process's metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        self.frames = Counter("reid_frames", "Frames that went through detection and tracking.", ["camera"], registry=r)
        self.dropped = Counter("reid_frames_dropped", "Frames dropped, by cause.", ["camera", "cause"], registry=r)
        self.source_state = Gauge(
            "reid_source_state", "1 for the state a source is in.", ["camera", "state"], registry=r
        )
        self.source_errors = Counter(
            "reid_source_errors", "Faults of a source, by code.", ["camera", "code"], registry=r
        )
        self.reconnects = Counter("reid_source_reconnects", "Times a source was opened again.", ["camera"], registry=r)
        self.detections = Counter("reid_detections", "People found in frames.", ["camera"], registry=r)
        self.tracks = Gauge("reid_tracks_open", "Tracks that have not ended.", ["camera"], registry=r)
        self.gate = Counter(
            "reid_gate_verdicts", "Boxes by what the quality gate said.", ["camera", "verdict"], registry=r
        )
        self.tracklets = Counter("reid_tracklets", "Tracklets cut.", ["camera"], registry=r)
        self.unencoded = Counter(
            "reid_tracklets_unencoded",
            "Tracklets dropped because the network made NaN or zeros of them.",
            ["camera"],
            registry=r,
        )
        self.ended = Counter("reid_tracks_ended", "Tracks that ended.", ["camera"], registry=r)
        self.encoded = Counter("reid_tracks_encoded", "Of these: with an embedding.", ["camera"], registry=r)
        self.not_encoded = Counter(
            "reid_tracks_not_encoded",
            "The other tracks that ended, by reason: what spoke against most of their boxes; still: they were things; "
            "too_short, or stream_ended before enough was seen of them; network: it made nothing of what was seen.",
            ["camera", "reason"],
            registry=r,
        )
        self.waiting = Gauge("reid_tracklets_waiting", "Tracklets that wait to be encoded.", registry=r)
        self.detect_s = Histogram(
            "reid_detect_seconds", "One call of the detector.", ["camera"], buckets=_LATENCY_S, registry=r
        )
        self.track_s = Histogram(
            "reid_track_seconds", "One update of a tracker.", ["camera"], buckets=_LATENCY_S, registry=r
        )
        self.encode_s = Histogram("reid_encode_seconds", "One call of the encoder.", buckets=_LATENCY_S, registry=r)
        self.match_s = Histogram("reid_match_seconds", "Deciding one window.", buckets=_LATENCY_S, registry=r)
        self.detect_batch = Histogram("reid_detect_batch_images", "Images in a batch.", buckets=_SIZES, registry=r)
        self.encode_batch = Histogram("reid_encode_batch_clips", "Clips in a batch.", buckets=_SIZES, registry=r)
        self.outcomes = Counter(
            "reid_match_outcomes",
            "Tracks by what was decided of them; nobody: they ended, and showed too little to tell.",
            ["camera", "outcome"],
            registry=r,
        )
        self.match_similarity = Histogram(
            "reid_match_similarity",
            "Cosine of a recognised track to the one that it was recognised by.",
            ["camera"],
            buckets=_COSINES,
            registry=r,
        )
        self.match_margin = Histogram(
            "reid_match_margin",
            "By how much the cosine of a recognised track exceeded that of the next person who was possible.",
            ["camera"],
            buckets=_MARGINS,
            registry=r,
        )
        self.rejected_excess = Histogram(
            "reid_rejected_excess",
            "Of decided tracks: the best person who was possible and not taken, in cosine above the one demanded.",
            ["camera"],
            buckets=_EXCESSES,
            registry=r,
        )
        self.merge_split = Counter(
            "reid_merge_splits", "Decisions taken back: two persons were one, or one was two.", ["kind"], registry=r
        )
        self.gallery_tracks = Gauge("reid_gallery_tracks", "Tracks that the gallery remembers.", ["camera"], registry=r)
        self.lone_tracks = Gauge(
            "reid_gallery_lone_tracks", "Of these: whose person has no other track.", ["camera"], registry=r
        )
        self.events = Counter("reid_events", "Events published.", ["kind"], registry=r)
        self.stream_waits = Counter(
            "reid_stream_waits",
            "Times a message was held back, because too many of this worker wait or Redis is away.",
            registry=r,
        )
        self.stream_entries = Gauge("reid_stream_entries", "Messages that wait to be decided.", registry=r)
        self.outbox_entries = Gauge("reid_outbox_entries", "Events that wait to be delivered.", registry=r)
        self.dead_letters = Counter("reid_dead_letters", "Messages that were dead-lettered.", registry=r)
        self.dead_letters_dropped = Counter(
            "reid_dead_letters_dropped", "Dead letters that made room for newer ones.", registry=r
        )
        self.embeddings_refused = Counter(
            "reid_embeddings_refused",
            "Embeddings that a matcher could not use: not of length 1, or no numbers.",
            ["camera"],
            registry=r,
        )
        self.store_losses = Counter(
            "reid_store_losses", "Times Redis was found to have forgotten what it had acknowledged.", registry=r
        )
        self.clock_offset_s = Gauge(
            "reid_worker_clock_offset_seconds",
            "How far a live worker's clock is ahead of the others; negative: behind.",
            ["worker"],
            registry=r,
        )
        self.behind_s = Gauge(
            "reid_camera_behind_seconds",
            "How far a live camera's worker is behind what is written now; beyond 30 nobody waits for it.",
            ["camera"],
            registry=r,
        )
        self.erasures = Counter(
            "reid_erasures", "Requests to erase a person, by what became of them.", ["outcome"], registry=r
        )
        self.erased_tracklets = Counter(
            "reid_erased_tracklets", "Parts and ends of tracks dropped because their person was erased.", registry=r
        )
        self.sink_failures = Counter("reid_sink_failures", "Times events could not be delivered.", registry=r)
        self.leading = Gauge("reid_matcher_leading", "1 while this matcher decides, 0 while it stands by.", registry=r)
        self.delay_s = Histogram(
            "reid_decision_delay_seconds",
            "Live streams: from the last frame of a tracklet to the decision.",
            buckets=(0.5, 1, 2, 3, 5, 8, 13, 21, 34),
            registry=r,
        )
