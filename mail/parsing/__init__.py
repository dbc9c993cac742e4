"""Reading what came in, in a child process with limits: hostile bytes never meet the house itself."""
