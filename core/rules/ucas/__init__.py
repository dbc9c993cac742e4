"""The learner import of UM 7: what each of its columns takes, and what is wrong with a row. Pure."""
