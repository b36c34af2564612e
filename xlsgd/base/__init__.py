"""What everybody stands on: cells, columns without an address, errors, files, registries."""
