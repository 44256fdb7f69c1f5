"""Rows to a markdown table: medians of the runs, and how the first system compares with each other one."""
import statistics

from cases import CONNECTS, LOGINS, MESSAGES

# title, which cases, what decides (more is better), columns: heading, field, digits
KINDS = (
    ("Messages in, to Maildirs", MESSAGES.match, "delivered_per_s",
     (("accepted/s", "accepted_per_s", 0), ("delivered/s", "delivered_per_s", 0), ("p50 ms", "p50_ms", 2), ("p99 ms", "p99_ms", 1),
      ("CPU us", "cpu_us", 0), ("disk flushes", "disk_flushes", 2), ("client CPU us", "client_cpu_us", 0))),
    ("Messages out, to a sink", lambda name: name in ("relay", "drain") or name.startswith("drain-"), "relayed_per_s",
     (("accepted/s", "accepted_per_s", 0), ("relayed/s", "relayed_per_s", 0), ("p50 ms", "p50_ms", 2), ("p99 ms", "p99_ms", 1),
      ("CPU us", "cpu_us", 0), ("disk flushes", "disk_flushes", 2), ("connections", "sink_connections", 0))),
    ("Mail that waits", lambda name: name.startswith("deferred"), "delivered_per_s",
     (("put off: CPU us", "deferring_us", 0), ("waiting: CPU ms/s", "waiting_ms", 2), ("tried again/s", "retry_per_s", 0), ("CPU us", "retry_us", 0),
      ("new mail accepted/s", "accepted_per_s", 0), ("delivered/s", "delivered_per_s", 0), ("CPU us", "cpu_us", 0))),
    ("Connections and logins", lambda name: LOGINS.match(name) or CONNECTS.match(name), "accepted_per_s",
     (("per second", "accepted_per_s", 0), ("p50 ms", "p50_ms", 2), ("p99 ms", "p99_ms", 1), ("CPU us", "cpu_us", 0))),
    ("Idle IMAP connections, PSS each", lambda name: name.startswith("idle"), None,
     (("at once KB", "fresh_kb", 1), ("after 12 s KB", "parked_kb", 1), ("processes", "processes", 2))),
    ("System calls a message, whole process tree", lambda name: name.startswith("calls"), None,
     (("calls", "calls", 0), ("syncs", "syncs", 2), ("forks", "forks", 2), ("execs", "execs", 2))),
)


def medians(rows):
    """One row of many runs; spread is (most - least) / median of what the row is about."""
    good = [row for row in rows if not row["error"]] or rows[:1]
    result = dict(good[-1], runs=len(good))
    for field, value in good[0].items():
        if isinstance(value, float):
            result[field] = statistics.median(row[field] for row in good if row.get(field) is not None)
    for field in ("delivered_per_s", "relayed_per_s", "accepted_per_s"):
        if result.get(field):
            values = [row[field] for row in good]
            result["spread"] = (max(values) - min(values)) / result[field]
            break
    return result


def times(better, worse):
    return "%.2f" % (better / worse) if better and worse else ""


def ratios(ours, theirs, deciding):
    """How many times as fast ours is, and how many times as much CPU, memory or calls the peer spends."""
    if ours is theirs or ours is None:
        return ["", ""]
    spent = next((field for field in ("cpu_us", "fresh_kb", "calls") if field in ours), None)
    return [times(ours.get(deciding), theirs.get(deciding)), times(theirs.get(spent), ours.get(spent))]


def cells(row, columns):
    return ["" if row.get(field) is None else "%.*f" % (digits, row[field]) for _, field, digits in columns]


def part(title, deciding, columns, names, systems, found):
    headings = ["case", "system"] + [heading for heading, _, _ in columns] + ["spread", "postroom is x times as fast", "it spends x times as much"]
    lines = ["", "### " + title, "", "| " + " | ".join(headings) + " |", "|---|---|" + "---:|" * (len(headings) - 2)]
    for name in names:
        ours = found.get((name, "postroom"))
        for system in systems:
            row = found.get((name, system))
            if row:
                spread = "%.2f" % row["spread"] if "spread" in row and row["runs"] > 1 else ""
                lines.append("| " + " | ".join([name, system] + cells(row, columns) + [spread] + ratios(ours, row, deciding)) + " |")
            if row and row["error"]:
                lines.append("| %s | %s | failed: %s |" % (name, system, row["error"]))
    return lines


def tables(rows, names, systems):
    found = {}
    for name in names:
        for system in systems:
            runs = [row for row in rows if row["case"] == name and row["system"] == system]
            if runs:
                found[name, system] = medians(runs)
    lines = []
    for title, belongs, deciding, columns in KINDS:
        chosen = [name for name in names if belongs(name) and any((name, system) in found for system in systems)]
        if chosen:
            lines += part(title, deciding, columns, chosen, systems, found)
    return "\n".join(lines)


def programs(rows):
    """What rows say by program (system calls a message, memory a session), as text."""
    lines = []
    for row in rows:
        for name, calls in row.get("by_program", {}).items():
            lines.append("%-12s %-16s %-16s %s" % (row["case"], row["system"], name, " ".join("%s %g" % call for call in calls.items())))
    return "\n".join(lines)
