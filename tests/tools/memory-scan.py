"""memory-scan.py URL COUNTER FILE... -- COMMAND...: searches a program's memory.

Runs the command until the counter at the URL (of the local KMS's control
address) is not 0, then prints for each FILE how often its content is in the
command's memory, and kills the command."""
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request

url, counter = sys.argv[1:3]
split = sys.argv.index("--")
needles = [open(name, "rb").read() for name in sys.argv[3:split]]
program = subprocess.Popen(sys.argv[split + 1:], stdin=subprocess.DEVNULL,
                           stdout=sys.stderr)


def counted():
    with urllib.request.urlopen(url) as answer:
        return '"%s"' % counter in json.dumps(json.load(answer))


end = time.monotonic() + 60
while not counted():
    if program.poll() is not None or time.monotonic() > end:
        sys.exit("it did not come so far")
    time.sleep(0.1)
os.kill(program.pid, signal.SIGSTOP)
found = [0] * len(needles)
with open("/proc/%d/maps" % program.pid) as maps, \
        open("/proc/%d/mem" % program.pid, "rb", 0) as memory:
    for line in maps:
        start, stop = (int(n, 16) for n in line.split()[0].split("-"))
        # what a sanitizer keeps for itself is huge and empty
        if line.split()[1][0] != "r" or stop - start > 1 << 30:
            continue
        try:
            memory.seek(start)
            piece = memory.read(stop - start)
        except (OSError, ValueError, OverflowError):
            continue
        for i, needle in enumerate(needles):
            found[i] += piece.count(needle)
program.kill()
program.wait()
print(*found)
