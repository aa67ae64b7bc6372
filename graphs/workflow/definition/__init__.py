"""The definition of a workflow: the model of its file, how that is read, and how it is checked."""
