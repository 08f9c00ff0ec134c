"""What tests, benchmarks and the demo with services share: servers, small sites, crash rounds."""
