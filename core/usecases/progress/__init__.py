"""Progress: reports taken in and merged, and what is going on in a run or with a learner."""
