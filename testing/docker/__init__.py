"""The files of docker/ as records, and the commands of containers without containers."""
