"""The tables of the first revision, by area. Once it is released, they change by new revisions only."""
