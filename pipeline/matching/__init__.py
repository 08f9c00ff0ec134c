"""Who is who across cameras: gallery, policy, calibration."""
