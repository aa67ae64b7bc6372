"""What a workflow's file says: its model, how it is read and checked, before anything runs."""
