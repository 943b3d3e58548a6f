"""The composition root: the aiohttp application, login, pages, REST, health, metrics and the command line."""
