"""AWS's command line, many commands in one process: its start takes a second.

usage: aws-session.py OUT ERR <commands >statuses
A command is the number of its arguments and the arguments, each with a NUL
behind it. What it prints goes to the files OUT and ERR, its status to stdout.
"""
import os
import sys

import awscli.clidriver


def take(source):
    """The text up to the next NUL; None at the end."""
    text = bytearray()
    while (byte := source.read(1)) != b"\0":
        if not byte:
            return None
        text += byte
    return text.decode()


def run(driver, args, paths):
    for number, path in zip((1, 2), paths):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, number)
        os.close(file)
    status = driver.main(args)
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def main():
    statuses = os.fdopen(os.dup(1), "w")
    commands = open(0, "rb", buffering=0)
    driver = None
    while (count := take(commands)) is not None:
        args = [take(commands) for _ in range(int(count))]
        # a Region given once would stay with the driver
        lasting = "--region" not in args
        if driver is None or not lasting:
            driver = awscli.clidriver.create_clidriver()
        print(run(driver, args, sys.argv[1:3]), file=statuses, flush=True)
        if not lasting:
            driver = None


main()
