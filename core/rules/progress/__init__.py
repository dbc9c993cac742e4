"""Progress, without a database: which column is what, what its cells say, and how two reports of one learner meet."""
