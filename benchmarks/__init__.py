"""The relay and its peers measured in one run, in turn; `make bench` prints the table and writes `results/latest.json`."""
