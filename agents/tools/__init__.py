"""Tools that models can call, the permissions of each role, and the audit of every call."""
