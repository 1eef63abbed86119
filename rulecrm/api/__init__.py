"""The library's front door: load, check, evaluate, explain."""
