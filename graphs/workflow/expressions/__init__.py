"""The language of a workflow's expressions: read, typed, evaluated; no step runs here."""
