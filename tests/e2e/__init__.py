"""Real browsers on real servers: the rows of the guide as people walk them."""
