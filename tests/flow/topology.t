#!/usr/bin/python3
# topology: what tests/flow/topology shows: a relay, two backends behind it, a third party and an outside host. Each path takes the hosts
# that it should and no other, over TLS; all facts pass; and nothing of it is left on this machine.
# (L-07, L-08, S-05 to S-08, S-13 to S-25, S-31, S-32)
import os, re, subprocess, sys

sys.path[:0] = ["tests", "tests/flow"]
from postroom import Tap

if os.getuid():
    print("1..0 # SKIP only root can make network namespaces")
    sys.exit(0)
RELAY, ONE, TWO, THIRD, OUT = "mailrelay.lan", "maildemo1.lan", "maildemo2.lan", "3rdpartyrelay.com", "outside.example"
PATHS = (("S-16", "alice", "bob", [ONE], "local to local: never leaves the backend"),
         ("S-17", "alice", "charlie", [ONE, RELAY, TWO], "backend to backend: not through the third party"),
         ("S-17", "charlie", "alice", [TWO, RELAY, ONE], "... and back"),
         ("S-18", "alice", "dave", [ONE, RELAY, THIRD, OUT], "outbound: through the third party"),
         ("S-18", "charlie", "dave", [TWO, RELAY, THIRD, OUT], "... from the other backend"),
         ("S-18", "<>", "dave", [ONE, RELAY, THIRD, OUT], "... and a report"),
         ("S-19", "dave", "alice", [OUT, RELAY, ONE], "inbound: the MX is the relay"),
         ("S-19", "dave", "charlie", [OUT, RELAY, TWO], "... to the other backend"),
         ("S-24", "norma", "charlie", [ONE, RELAY, TWO], "a domain without a third party may send to backends"),
         ("S-24", "dave", "norma", [OUT, RELAY, ONE], "... and is sent to"),
         ("S-32", "dave", "alice", [OUT, RELAY, ONE], "inbound, with changed certificates"))
FACTS = {"L-07": 2, "L-08": 4, "S-05": 3, "S-06": 4, "S-07": 2, "S-13": 1, "S-14": 2, "S-15": 2, "S-18": 3, "S-19": 2, "S-21": 2, "S-22": 3, "S-23": 2, "S-24": 3, "S-25": 1,
         "S-31": 3, "S-32": 6}


def names(said):
    """ip netns, interfaces, folders: what the machine has of it."""
    return sorted(set(re.findall(r"postroom61\S*", said)))


def around():
    said = [subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout for words in (["ip", "netns"], ["ip", "-o", "link"], ["ls", "/etc/netns"])]
    return names("\n".join(said))


with Tap() as t:
    done = subprocess.run(["tests/flow/topology"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines = done.stdout.splitlines()
    facts = [line for line in lines if re.match(r"(pass|FAIL)  ", line)]
    for line in facts:
        t.ok(line.startswith("pass"), line[6:], *[l for l in lines[lines.index(line) + 1:] if l.startswith("#")][:40])
    for id, count in FACTS.items():
        found = [line for line in facts if re.search(rf"\b{id}\b", line)]
        t.ok(len(found) >= count, f"{id}: {count} or more facts about it", *found)
    head = next((i for i, line in enumerate(lines) if line.startswith("path ")), len(lines))
    rows = [re.split(r" {2,}", line) for line in lines[head + 2:] if line.endswith(("pass", "FAIL"))]
    for id, sender, to, hops, what in PATHS:
        row = [r for r in rows if len(r) == 6 and r[0].startswith(id) and r[1].split("@")[0] == sender and r[2].split("@")[0] == to]
        t.is_([r[3].split(" > ") for r in row[:1]], [hops], f"{id} {what}")
        t.ok(row and all(r[5] == "pass" and all(re.fullmatch(r"ESMTPSA?/1\.[23]", one) for one in r[4].split()) for r in row), "... over TLS all the way", *row, *lines[:60])
    t.is_(done.returncode, 0, "S-08 S-20 all pass")
    t.is_(around(), [], "nothing is left on the machine")
