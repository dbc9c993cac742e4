"""Files of progress, of costs and of a history: what stands in each, and how one is made when it is fetched."""
