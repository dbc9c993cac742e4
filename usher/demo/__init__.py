"""The demonstration: the product with sample data and look-alikes of the services around it."""
