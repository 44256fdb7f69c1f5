#!/usr/bin/python3
# The commands of doc/addresses.md, in their order, say what the page says (N-16, N-19, N-22, N-26, N-28, N-36, N-40, N-63, N-64, N-98).
import re, sys

sys.path.insert(0, "tests/flow")
from postroom import Postroom, Tap

page = open("doc/addresses.md").read()
commands = re.findall(r"^    (\S.*)\n((?:      .*\n)*)", page, re.M)[1:]  # the first is where they are given


def words(string):
    return re.sub(r"\s+", " ", string)


with Postroom(50) as mail, Tap() as t:
    t.ok(len(commands) >= 50, "the page has its commands", len(commands))
    said = mail.run("tables-build")
    t.ok(re.findall("warning: .*", said) == ["warning: nobody has abuse@example.test: mailadm add address abuse DESTINATION"], "N-42 a new instance lacks abuse alone", said)
    for command, expected in commands:
        said = mail.run("sh", "-c", f"cd {mail.home} && {command}")
        good = mail.code == (1 if "whatif" in command and not "result accepted" in words(said) else 0)
        t.ok(good and all(line.strip() in words(said) for line in expected.splitlines()), command, f"expected: {expected}", f"ended with {mail.code}", said)
