"""The HTTP routes, one module per subject; each parses, calls the engine and maps."""
