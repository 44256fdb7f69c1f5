#!/usr/bin/python3
# swaks: the commands of doc/swaks.md are answered as the page says (P-20).
import re, shlex, shutil, sys

sys.path.insert(0, "tests/flow")
from postroom import Postroom, Tap

if not shutil.which("swaks"):
    print("1..0 # SKIP needs swaks")
    sys.exit(0)
page = open("doc/swaks.md").read()
commands = re.findall(r"^    (swaks .*)\n      (.*)$", page, re.M)

with Postroom(41) as mail, Tap() as t:
    t.ok(len(commands) >= 15, "the page has its commands", len(commands))
    for command, expected in commands:
        words = [re.sub(r"^mail\.example:(\d+)$", lambda m: f"{mail.address}:{mail.port(int(m[1]))}", word).replace("HOME/", mail.home + "/")
                 for word in shlex.split(command)]
        words = [mail.password("alice") if word == "ALICE" else word for word in words]
        said = mail.run(*words, "--helo", "client.example", "--timeout", "60")
        t.ok(expected in said, f"P-20: {command}: {expected}", said[-1500:])
