"""run-in-terminal.py TEXT=ANSWER... -- COMMAND...: runs it at a terminal of its own.

Types each ANSWER when its TEXT appears behind the last one. Prints all that the
terminal shows, and exits with the command's status."""
import os
import pty
import select
import sys
import time

split = sys.argv.index("--")
steps = [a.split("=", 1) for a in sys.argv[1:split]]
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[split + 1], sys.argv[split + 1:])
shown = b""
seen = 0
end = time.monotonic() + 120
while time.monotonic() < end:
    if not select.select([terminal], [], [], 1)[0]:
        continue
    try:
        more = os.read(terminal, 4096)
    except OSError:
        break
    if not more:
        break
    shown += more
    while steps:
        at = shown.find(steps[0][0].encode(), seen)
        if at == -1:
            break
        seen = at + len(steps[0][0])
        os.write(terminal, steps[0][1].encode() + b"\n")
        steps.pop(0)
else:
    os.kill(child, 9)
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
