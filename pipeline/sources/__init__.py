"""Where frames come from: recordings, live streams that reconnect, simulated cameras."""
