"""The form that an answer must have, read from the request's words or taken from its schema."""
