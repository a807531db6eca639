"""The frames of a snapshot, one file per dataset, each declared with ``collected`` and found by being here."""
