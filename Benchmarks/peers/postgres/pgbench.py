"""pgbench, as the programs of the floor use it: so many clients, each of which runs so
many transactions of the scripts beside this file, prepared, over one connection.

Not a queue and no engine: it runs nobody's code, leases nothing and looks for no key.
It says how much of a figure is PostgreSQL, its round trips and the disk.
"""

import collections
import functools
import glob
import os
import re
import subprocess

import measure
import server

NOTE = "the floor, and no engine: SQL sent by pgbench, no code run, nothing leased"

Result = collections.namedtuple("Result", "per_second times clock")


def load(address, script, filling=None):
    """Makes the tables of a script, and fills them."""
    path = os.path.join(os.path.dirname(__file__), script)
    with open(path) as file:
        server.query(address, file.read())
    if filling:
        server.query(address, filling)
        server.query(address, "ANALYZE")
        server.settle(address)


def jobs(count):
    """What fills the table of jobs with so many."""
    return f"INSERT INTO jobs (payload) SELECT i FROM generate_series(1, {count}) AS i"


def run(address, folder, scripts, transactions, clients=1, **variables):
    """Runs so many transactions, as many of each client, each of a script by chance.

    The times are pairs of the number of the script and seconds, from one client only:
    writing them down would slow down many.
    """
    command = ["pgbench", "--no-vacuum", "--protocol=prepared", "--random-seed=1"]
    command += [f"--client={clients}", f"--transactions={transactions // clients}"]
    command += [f"--define={name}={value}" for name, value in variables.items()]
    for script in scripts:
        command += ["--file", os.path.join(os.path.dirname(__file__), script)]
    if clients == 1:
        command += ["--log", f"--log-prefix={folder}/times"]
    with measure.Clock() as clock:
        output = subprocess.run(
            [*command, address], check=True, stdout=subprocess.PIPE, text=True
        ).stdout
    done = re.search(r"^number of failed transactions: 0 ", output, re.MULTILINE)
    measure.check(done, f"pgbench has failed transactions:\n{output}")
    rate = re.search(r"^tps = ([\d.]+) \(without initial", output, re.MULTILINE)
    return Result(float(rate[1]), list(times(folder)), clock)


def times(folder):
    """What pgbench has written down, and removes it."""
    for path in glob.glob(f"{folder}/times.*"):
        with open(path) as file:
            for line in file:
                microseconds, script = line.split()[2:4]
                yield int(script), int(microseconds) / 1e6
        os.remove(path)


@functools.cache
def version():
    """The version of pgbench, which is that of the server."""
    command = ["pgbench", "--version"]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return output.stdout.split()[2]


def durability(address):
    """What a commit is worth to whoever connects as pgbench does."""
    return server.query(address, server.DURABILITY)
